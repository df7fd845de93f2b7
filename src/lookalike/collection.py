"""A collection: pictures with their embeddings, to add to, search and keep."""

import operator
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from lookalike.arguments import condition, item, record_ids, text_of
from lookalike.errors import NotFoundError, UsageError
from lookalike.records import MAX_ID, EncoderSpec, Record
from lookalike.stores.base import Entry, Progress, Store, StoreStats

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lookalike.encoders.base import Encoder
    from lookalike.filters import Filter
    from lookalike.ingest import IngestReport
    from lookalike.results import Results
    from lookalike.search import Term

DEFAULT_ENCODERS = ("clip-vit-b-16", "phash")

_ROWS_AT_A_TIME = 4096


class Collection:
    """A named set of pictures with one or more encoders.

    Made by `lookalike.open`. Safe to use from several threads; one process at a time may write.
    """

    def __init__(self, store: Store, path: Path, encoders: Sequence[str] = ()) -> None:
        self.path = path
        self._store = store
        self._wished = tuple(encoders)
        self._updating = threading.Lock()

    @property
    def encoders(self) -> tuple[EncoderSpec, ...]:
        """The encoders whose embeddings or hashes the collection keeps, oldest first."""
        return self._store.encoders()

    def __len__(self) -> int:
        return self._store.count()

    def __repr__(self) -> str:
        names = ", ".join(spec.name for spec in self.encoders) or "no encoder yet"
        return f"Collection({str(self.path)!r}, {len(self)} records, {names})"

    def __enter__(self) -> "Collection":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Flush and let go of the collection."""
        self._store.close()

    # -- adding ---------------------------------------------------------------------------------

    def add(
        self,
        pictures: Any,
        *,
        uri: str | None = None,
        attributes: "Mapping[str, Any] | Callable[[str], Mapping[str, Any] | None] | None" = None,
        tenant: str = "",
        ignore: str | Sequence[str] = (),
        prune: bool = False,
        progress: Progress | None = None,
    ) -> "IngestReport":
        """Add pictures, or bring them up to date; what is unchanged is skipped.

        Args:
            pictures: a path of a picture or folder, a URL, bytes or a Pillow image, or a list of
                paths and URLs, or a list of bytes and images.
            uri: name of the one picture given as bytes or image; its digest by default.
            attributes: the user's fields, one mapping for all, or a function of the uri; a record
                that is there keeps its others.
            tenant: whose pictures they are.
            ignore: patterns of names to leave out, as in a .gitignore file.
            prune: also delete the records under the given folders whose files are gone.
            progress: called as progress(stage, done, total).

        Returns:
            What was added, updated, unchanged, moved, removed and failed. A bad picture never
            stops the rest.

        Raises:
            UsageError: a path does not exist, or the arguments do not fit together.
            EnvironmentFailure: weights, engine or disk failed; what was added before is kept.
        """
        from lookalike.ingest import ingest, ingest_items

        text_of(tenant, "tenant")
        given = list(pictures) if isinstance(pictures, list | tuple) else [pictures]
        names = [isinstance(each, str | PathLike) for each in given]
        if any(names) != all(names):
            raise UsageError("paths and pictures in memory cannot be mixed in one call")
        if uri is not None and (any(names) or len(given) != 1):
            raise UsageError("uri names one picture given as bytes or image, not paths")
        if isinstance(ignore, str):
            ignore = [ignore]
        if not any(names) and (ignore or prune):
            raise UsageError("ignore and prune go with folders, not with pictures in memory")
        known = {spec.name for spec in self.encoders}
        models = self._writing_encoders(progress)
        if any(names):
            report = ingest(
                self._store,
                models,
                given,
                tenant=tenant,
                attributes=attributes,
                ignore=ignore,
                prune=prune,
                progress=progress,
            )
        else:
            items = [item(each, uri) for each in given]
            report = ingest_items(
                self._store,
                models,
                items,
                tenant=tenant,
                attributes=attributes,
                progress=progress,
            )
        return self._complete(report, models, known, progress)

    def add_encoder(self, name: str, progress: Progress | None = None) -> "IngestReport":
        """Add an encoder and embed what is there, reading the pictures once more.

        An interrupted run goes on where it stopped when called again.
        """
        from lookalike.encoders import registry
        from lookalike.ingest import embed_missing

        encoder = registry.load(name, progress=progress)
        self._store.add_encoder(encoder.spec)
        ours = [s.name for s in self.encoders if s.name in registry.names()]
        min_side = max(registry.card(own).min_side for own in ours)
        return embed_missing(self._store, encoder, min_side=min_side, progress=progress)

    def add_embeddings(
        self,
        ids: "Sequence[int] | NDArray[np.int64]",
        vectors: "NDArray[Any] | Sequence[Sequence[float]]",
        *,
        uris: Sequence[str] | None = None,
        attributes: Sequence[Mapping[str, Any]] | None = None,
        tenant: str | None = None,
        encoder: str | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Add vectors computed elsewhere; an id that is there is updated.

        Args:
            ids: n different int64 ≥ 0.
            vectors: (n, dim) floats, finite and not zero; normalised here. A memory map is read
                in slices.
            uris: n names; by default a record that is there keeps its own, a new one is `id:N`.
            attributes: n mappings; by default a record that is there keeps its own.
            tenant: whose they are; by default a record that is there stays whose it is.
            encoder: which encoder made them; a name unknown to lookalike is kept as a space of
                its own. By default the collection's encoder of that size, else "external".
            progress: called as progress(stage, done, total).

        Returns:
            How many rows were stored.

        Raises:
            UsageError: shapes, ids or values do not fit, or an id is another tenant's; nothing of
                the bad slice is stored.
        """
        from lookalike.external import check_ids, check_rows, own_names, spec_of, unit_rows

        ids = check_ids(ids)
        vectors = check_rows(vectors)
        n = len(ids)
        for name, given in (("vectors", vectors), ("uris", uris), ("attributes", attributes)):
            if given is not None and len(given) != n:
                raise UsageError(f"{n} ids, but {len(given)} {name}")
        if n == 0:
            return 0
        spec = spec_of(self.encoders, encoder, vectors.shape[1])
        self._store.add_encoder(spec)
        for start in range(0, n, _ROWS_AT_A_TIME):
            part = slice(start, start + _ROWS_AT_A_TIME)
            numbers = [int(number) for number in ids[part]]
            own = own_names(self._store, numbers, tenant)
            rows = unit_rows(vectors[part], first=start)
            entries = [
                Entry(
                    uri=own[number][0] if uris is None else text_of(uris[start + i], "uri"),
                    tenant=own[number][1],
                    id=number,
                    attributes=attributes[start + i] if attributes is not None else None,
                    vectors={spec.name: rows[i]},
                )
                for i, number in enumerate(numbers)
            ]
            self._store.upsert(entries)
            if progress is not None:
                progress("add embeddings", start + len(entries), n)
        self._store.optimize(progress)
        return n

    # -- asking ---------------------------------------------------------------------------------

    def search(
        self,
        picture: Any = None,
        *,
        text: str | None = None,
        id: int | None = None,  # noqa: A002 - the field's word
        vector: "NDArray[Any] | Sequence[float] | None" = None,
        terms: "Sequence[Term] | None" = None,
        limit: int = 10,
        offset: int = 0,
        threshold: float | None = None,
        where: "str | Filter | None" = None,
        within: str | PathLike[str] | None = None,
        tenant: str | None = None,
        encoder: str | None = None,
    ) -> "Results":
        """Find records like a picture, words, a record or a vector, or a mixture of them.

        Args:
            picture: a path, URL, bytes or Pillow image.
            text: words; needs an encoder with a text tower.
            id: a record's id; it is found too, first but for others that score the same.
            vector: (dim,) floats, or a (bits/8,) uint8 hash.
            terms: several of these with weights, added to the ones above.
            limit: most hits to return.
            offset: how many of the best hits to skip; pages never repeat or skip a record.
            threshold: smallest score, 0..1.
            where: a filter, such as `price < 20 and colour == "red"`.
            within: only pictures below this folder.
            tenant: only this tenant's pictures.
            encoder: which of the collection's encoders; by default words use the one with a text
                tower and pictures the best for pictures.

        Raises:
            UsageError: the query cannot be asked of this collection.
            PictureError: the query's picture cannot be used.
            WeightsError: the text tower is missing; says how to get it.
        """
        from lookalike.search import Term, search

        given = (
            Term("image", picture),
            Term("text", text),
            Term("id", id),
            Term("vector", vector),
        )
        asked = [term for term in given if term.value is not None]
        return search(
            self._store,
            [*asked, *(terms or ())],
            limit=limit,
            offset=offset,
            threshold=threshold,
            where=condition(where, within, tenant),
            tenant=tenant,
            encoder=encoder,
        )

    def get(self, id: int) -> Record | None:  # noqa: A002 - the field's word
        """The record of an id, or None."""
        return next(iter(self._store.get(record_ids([id]))), None)

    def find(self, picture: str | PathLike[str], tenant: str = "") -> Record | None:
        """The record of a path or URL, or None."""
        from lookalike.sources import uri

        path = uri.from_path(picture)
        # A name that is no text is only ever spelt as the uri of its path.
        given = str(picture) if not path.startswith("file:") else path
        found = self._store.find([given, path], tenant)
        return found.get(given) or found.get(path)

    def list(
        self,
        *,
        where: "str | Filter | None" = None,
        within: str | PathLike[str] | None = None,
        tenant: str | None = None,
        after: int = -1,
        limit: int | None = None,
    ) -> Iterator[Record]:
        """Records in order of id, those with an id greater than `after`."""
        after = min(max(operator.index(after), -1), MAX_ID)
        return self._store.scan(condition(where, within, tenant), after, limit)

    def count(
        self,
        *,
        where: "str | Filter | None" = None,
        within: str | PathLike[str] | None = None,
        tenant: str | None = None,
    ) -> int:
        """How many records match."""
        return self._store.count(condition(where, within, tenant))

    def stats(self) -> StoreStats:
        """Counts, sizes and health."""
        return self._store.stats()

    def vectors_of(self, id: int) -> "dict[str, NDArray[Any]]":  # noqa: A002
        """A record's embeddings and hashes by encoder: (dim,) float32 or (bits/8,) uint8."""
        found = {
            spec.name: self._store.vectors(spec.name, record_ids([id])) for spec in self.encoders
        }
        return {name: vectors[id] for name, vectors in found.items() if vectors}

    # -- changing -------------------------------------------------------------------------------

    def update(
        self,
        id: int,  # noqa: A002 - the field's word
        attributes: Mapping[str, Any],
        *,
        replace: bool = False,
    ) -> None:
        """Set attributes of a record; the others stay unless `replace`.

        Raises:
            NotFoundError: there is no such record.
        """
        with self._updating:
            record = self.get(id)
            if record is None:
                raise NotFoundError(f"there is no record with id {id}")
            changed = dict(attributes) if replace else {**record.attributes, **attributes}
            self._store.update_attributes({record.id: changed})

    def delete(
        self,
        ids: "int | Sequence[int] | NDArray[np.int64] | None" = None,
        *,
        where: "str | Filter | None" = None,
        within: str | PathLike[str] | None = None,
        tenant: str | None = None,
    ) -> int:
        """Delete records by id, or all that match a filter; the picture files stay.

        Returns:
            How many records were deleted.
        """
        chosen = condition(where, within, tenant)
        if (ids is None) == (chosen is None):
            raise UsageError("delete needs either ids or a filter")
        if chosen is None:
            assert ids is not None
            return self._store.delete(record_ids(ids if hasattr(ids, "__len__") else [ids]))
        deleted = 0
        while batch := [r.id for r in self._store.scan(chosen, limit=_ROWS_AT_A_TIME)]:
            deleted += self._store.delete(batch)
        return deleted

    def rebuild(self, progress: Progress | None = None) -> None:
        """Build every index again from the stored embeddings, reading no picture."""
        self._store.rebuild(progress)

    # -- inside ---------------------------------------------------------------------------------

    def _writing_encoders(self, progress: Progress | None) -> "Sequence[Encoder]":
        """Load the encoders every new picture is encoded with; new ones join the collection."""
        from lookalike.encoders import registry
        from lookalike.encoders.matching import load_matching

        ours = [spec for spec in self.encoders if spec.name in registry.names()]
        models = [load_matching(spec, progress) for spec in ours]
        wished = self._wished or (() if models else DEFAULT_ENCODERS)
        known = {spec.name for spec in ours}
        for name in dict.fromkeys(wished):
            if name not in known:
                models.append(registry.load(name, progress=progress))
                self._store.add_encoder(models[-1].spec)
        return models

    def _complete(
        self,
        report: "IngestReport",
        models: "Sequence[Encoder]",
        known: set[str],
        progress: Progress | None,
    ) -> "IngestReport":
        """Embed what lacks a vector of an encoder; what fails joins the report.

        For the encoders known before only files are looked at: what else is missing was tried
        when they joined.
        """
        from lookalike.ingest import embed_missing

        min_side = max(model.min_side for model in models)
        for encoder in models:
            if report.interrupted:
                break
            more = embed_missing(
                self._store,
                encoder,
                files_only=encoder.spec.name in known,
                min_side=min_side,
                progress=progress,
            )
            # What is completed was counted already, as unchanged.
            report += replace(more, updated=0)
        return report
