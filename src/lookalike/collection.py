"""A collection: pictures with their embeddings, to add to, search and keep."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from lookalike import filters
from lookalike.errors import NotFoundError, UsageError
from lookalike.records import EncoderSpec, Record
from lookalike.stores.base import Entry, Progress, Store, StoreStats

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lookalike.encoders.base import Encoder
    from lookalike.filters import Filter
    from lookalike.ingest import IngestReport
    from lookalike.results import Results
    from lookalike.search import Term

DEFAULT_PATH = ".lookalike"
DEFAULT_ENCODERS = ("clip-vit-b-16", "phash")
EXTERNAL = "external"
"""Name of the encoder of vectors that came without one."""

_ROWS_AT_A_TIME = 4096


class Collection:
    """A named set of pictures with one or more encoders.

    Made by `lookalike.open`. Safe to use from several threads; one process at a time may write.
    """

    def __init__(self, store: Store, path: Path, encoders: Sequence[str] = ()) -> None:
        self.path = path
        self._store = store
        self._wished = tuple(encoders)

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
        attributes: "Mapping[str, Any] | Callable[[str], Mapping[str, Any]] | None" = None,
        tenant: str = "",
        ignore: Sequence[str] = (),
        prune: bool = False,
        progress: Progress | None = None,
    ) -> "IngestReport":
        """Add pictures, or bring them up to date; what is unchanged is skipped.

        Args:
            pictures: a path of a picture or folder, a URL, bytes, a Pillow image, or a list of
                paths.
            uri: name of the one picture given as bytes or image; its digest by default.
            attributes: the user's fields, one mapping for all, or a function of the uri.
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

        paths = _paths(pictures)
        if paths is not None and uri is not None:
            raise UsageError("uri names one picture given as bytes or image, not paths")
        if paths is None and (ignore or prune):
            raise UsageError("ignore and prune go with folders, not with one picture")
        models = self._writing_encoders(progress)
        if paths is None:
            item = _item(pictures, uri, attributes)
            report = ingest_items(self._store, models, [item], tenant=tenant, progress=progress)
        else:
            report = ingest(
                self._store,
                models,
                paths,
                tenant=tenant,
                attributes=attributes,
                ignore=ignore,
                prune=prune,
                progress=progress,
            )
        return report

    def add_encoder(self, name: str, progress: Progress | None = None) -> "IngestReport":
        """Add an encoder and embed what is there, reading the pictures once more.

        An interrupted run goes on where it stopped when called again.
        """
        from lookalike.encoders import registry
        from lookalike.ingest import embed_missing

        encoder = registry.load(name, progress=progress)
        self._store.add_encoder(encoder.spec)
        return embed_missing(self._store, encoder, progress=progress)

    def add_embeddings(
        self,
        ids: "Sequence[int] | NDArray[np.int64]",
        vectors: "NDArray[Any]",
        *,
        uris: Sequence[str] | None = None,
        attributes: Sequence[Mapping[str, Any]] | None = None,
        tenant: str = "",
        encoder: str | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Add vectors computed elsewhere; an id that is there is updated.

        Args:
            ids: n different int64 ≥ 0.
            vectors: (n, dim) floats, finite and not zero; normalised here. A memory map is read
                in slices.
            uris: n names; `id:N` by default.
            attributes: n mappings.
            tenant: whose they are.
            encoder: which encoder made them; a name unknown to lookalike is kept as a space of
                its own. By default the collection's encoder of that size, else "external".
            progress: called as progress(stage, done, total).

        Returns:
            How many rows were stored.

        Raises:
            UsageError: shapes, ids or values do not fit; nothing of the bad slice is stored.
        """
        from lookalike.external import check_ids, unit_rows

        ids = check_ids(ids)
        n = len(ids)
        for name, given in (("vectors", vectors), ("uris", uris), ("attributes", attributes)):
            if given is not None and len(given) != n:
                raise UsageError(f"{n} ids, but {len(given)} {name}")
        if vectors.ndim != 2:
            raise UsageError(f"vectors must have the shape (n, dim), got {vectors.shape}")
        if n == 0:
            return 0
        spec = self._external_spec(encoder, vectors.shape[1])
        self._store.add_encoder(spec)
        for start in range(0, n, _ROWS_AT_A_TIME):
            rows = unit_rows(vectors[start : start + _ROWS_AT_A_TIME], start)
            entries = [
                Entry(
                    uri=uris[start + i] if uris is not None else f"id:{ids[start + i]}",
                    tenant=tenant,
                    id=int(ids[start + i]),
                    attributes=attributes[start + i] if attributes is not None else None,
                    vectors={spec.name: row},
                )
                for i, row in enumerate(rows)
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
            id: a record's id; the record itself is the first hit.
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
            where=_filter(where, within, tenant),
            encoder=encoder,
        )

    def get(self, id: int) -> Record | None:  # noqa: A002 - the field's word
        """The record of an id, or None."""
        return self._store.get([id])[0]

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
        return self._store.scan(_filter(where, within, tenant), after, limit)

    def count(
        self,
        *,
        where: "str | Filter | None" = None,
        within: str | PathLike[str] | None = None,
        tenant: str | None = None,
    ) -> int:
        """How many records match."""
        return self._store.count(_filter(where, within, tenant))

    def stats(self) -> StoreStats:
        """Counts, sizes and health."""
        return self._store.stats()

    def vectors_of(self, id: int) -> "dict[str, NDArray[Any]]":  # noqa: A002
        """A record's embeddings and hashes by encoder: (dim,) float32 or (bits/8,) uint8."""
        found = {s.name: self._store.vectors(s.name, [id]).get(id) for s in self.encoders}
        return {name: vector for name, vector in found.items() if vector is not None}

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
        record = self.get(id)
        if record is None:
            raise NotFoundError(f"there is no record with id {id}")
        changed = dict(attributes) if replace else {**record.attributes, **attributes}
        self._store.update_attributes({id: changed})

    def delete(
        self,
        ids: int | Sequence[int] | None = None,
        *,
        where: "str | Filter | None" = None,
        within: str | PathLike[str] | None = None,
        tenant: str | None = None,
    ) -> int:
        """Delete records by id, or all that match a filter; the picture files stay.

        Returns:
            How many records were deleted.
        """
        condition = _filter(where, within, tenant)
        if (ids is None) == (condition is None):
            raise UsageError("delete needs either ids or a filter")
        if condition is None:
            assert ids is not None
            return self._store.delete([ids] if isinstance(ids, int) else list(ids))
        deleted = 0
        while batch := [r.id for r in self._store.scan(condition, limit=_ROWS_AT_A_TIME)]:
            deleted += self._store.delete(batch)
        return deleted

    def rebuild(self, progress: Progress | None = None) -> None:
        """Build every index again from the stored embeddings, reading no picture."""
        self._store.rebuild(progress)

    # -- inside ---------------------------------------------------------------------------------

    def _writing_encoders(self, progress: Progress | None) -> "Sequence[Encoder]":
        """Load the encoders every new picture is encoded with; new ones join the collection."""
        from lookalike.encoders import registry
        from lookalike.ingest import embed_missing
        from lookalike.search import load_checked

        def load(name: str) -> "Encoder":
            return registry.load(name, progress=progress)

        known = {spec.name: spec for spec in self.encoders}
        models = [
            load_checked(spec, load) for name, spec in known.items() if name in registry.names()
        ]
        wished = self._wished or (() if models else DEFAULT_ENCODERS)
        fresh = [load(name) for name in dict.fromkeys(wished) if name not in known]
        there = len(self) > 0
        for encoder in fresh:
            self._store.add_encoder(encoder.spec)
        if there:
            for encoder in (*models, *fresh):
                embed_missing(self._store, encoder, progress=progress)
        return [*models, *fresh]

    def _external_spec(self, name: str | None, dim: int) -> EncoderSpec:
        from lookalike.encoders import registry

        for spec in self.encoders:
            if spec.name == name or (name is None and spec.size == dim):
                if spec.kind != "embedding" or spec.size != dim:
                    raise UsageError(f"{spec.name} has {spec.size} components, not {dim}")
                return spec
        if name is not None and name in registry.names():
            spec = registry.load(name).spec
            if spec.kind != "embedding" or spec.size != dim:
                raise UsageError(f"{name} makes vectors of {spec.size} components, not {dim}")
            return spec
        return EncoderSpec(name or EXTERNAL, "embedding", dim)


def open_collection(
    path: str | PathLike[str] = DEFAULT_PATH,
    *,
    encoder: str | Sequence[str] | None = None,
    create: bool = True,
    read_only: bool = False,
) -> Collection:
    """Open a collection, making it when it is not there.

    Args:
        path: the collection's folder.
        encoder: names of the encoders to use, one, a list, or a text with commas. A new
            collection gets `clip-vit-b-16` and `phash` by default; an encoder new to a collection
            embeds what is there at the next `add`.
        create: whether to make a collection that is not there.
        read_only: read beside a process that writes; searches scan the stored embeddings exactly.

    Raises:
        UsageError: no collection there, or an unknown encoder.
        CollectionLockedError: another process has it open; names its pid.
        StoreError: the disk or the catalogue failed.
    """
    from lookalike.encoders import registry
    from lookalike.stores.local import LocalStore

    if "://" in str(path):
        raise UsageError(f"{path}: a collection is a folder on this machine; give its path")
    names = encoder.split(",") if isinstance(encoder, str) else list(encoder or ())
    names = [name.strip() for name in names if name.strip()]
    for name in names:
        registry.card(name)
    folder = Path(path)
    store = LocalStore.open(folder, create=create, read_only=read_only)
    return Collection(store, folder, names)


def _filter(
    where: "str | Filter | None", within: str | PathLike[str] | None, tenant: str | None
) -> "Filter | None":
    if where is None and within is None and tenant is None:
        return None
    from lookalike.sources import uri

    return filters.all_of(
        filters.tenant_is(tenant) if tenant is not None else None,
        filters.uri_within(uri.from_path(within)) if within is not None else None,
        filters.parse(where) if isinstance(where, str) else where,
    )


def _paths(pictures: Any) -> "list[Any] | None":
    """The paths when paths were given, None for one picture given as bytes, URL or image."""
    from lookalike.sources.uri import is_url

    if isinstance(pictures, list | tuple):
        return list(pictures)
    if isinstance(pictures, PathLike) or (isinstance(pictures, str) and not is_url(pictures)):
        return [pictures]
    return None


def _item(pictures: Any, uri: str | None, attributes: Any) -> Any:
    from lookalike.ingest import Item
    from lookalike.picture_input import PictureInput

    source = PictureInput.of(pictures)
    data = source.read()
    name = uri or source.url or f"sha256:{hashlib.sha256(data).hexdigest()}"
    return Item(name, data, attributes(name) if callable(attributes) else attributes)
