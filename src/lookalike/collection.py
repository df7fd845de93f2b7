"""A collection: pictures with their embeddings, to add to, search and keep."""

import operator
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex

from lookalike.arguments import PATH, checked, condition, digest_of, record_ids
from lookalike.calibrating import Calibrating
from lookalike.deduplicating import Deduplicating
from lookalike.errors import NotFoundError, UsageError
from lookalike.indexing import Indexing
from lookalike.records import MAX_ID, EncoderSpec, Record
from lookalike.stores.base import Progress, Store, StoreStats

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lookalike.copies.effort import Effort
    from lookalike.encoders.projection import Projection
    from lookalike.filters import Filter
    from lookalike.indexes import Wished
    from lookalike.projecting import Chosen
    from lookalike.results import Results
    from lookalike.search import Term

_ROWS_AT_A_TIME = 4096


class Collection(Calibrating, Deduplicating, Indexing):
    """A named set of pictures with one or more encoders.

    Made by `lookalike.open`. Safe to use from several threads. One process at a time may write to a
    collection in a folder; any number to one on a server.
    """

    def __init__(
        self,
        store: Store,
        path: Path | None,
        encoders: Sequence[str] = (),
        indexes: "Wished | None" = None,
    ) -> None:
        self.path = path
        """The collection's folder; None of one on a server."""
        super().__init__(store, encoders, indexes)
        self._updating = threading.Lock()

    @property
    def address(self) -> str:
        """Where it is: the path of its folder, or its address on a server, without secrets."""
        return self._store.address

    @property
    def encoders(self) -> tuple[EncoderSpec, ...]:
        """The encoders whose embeddings or hashes the collection keeps, oldest first."""
        return self._store.encoders()

    def __len__(self) -> int:
        return self._store.count()

    def __repr__(self) -> str:
        names = ", ".join(spec.name for spec in self.encoders) or "no encoder yet"
        return f"Collection({self.address!r}, {len(self)} records, {names})"

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
        threshold: "float | Literal['calibrated'] | None" = None,
        where: "str | Filter | None" = None,
        within: str | PathLike[str] | None = None,
        tenant: str | None = None,
        encoder: "str | Sequence[str] | None" = None,
        template: "str | Sequence[str] | None" = None,
        segments: str | None = None,
        group_by: str | None = None,
        group_size: int = 1,
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
            threshold: smallest score, 0..1, or "calibrated" for the one that `calibrate` chose for
                the encoder.
            where: a filter, such as `price < 20 and colour == "red"`.
            within: only pictures below this folder.
            tenant: only this tenant's pictures.
            encoder: which of the collection's encoders; by default words use the one with a text
                tower and pictures the best for pictures. Several, a list or a text with commas,
                rank together by the mean of their cosines; `NAME:2` counts twice.
            template: a sentence with {} for the words, such as "a photo of a {}", or several,
                whose mean is searched.
            segments: "6/8" to find, by a hash, only records of whose hash at least 6 of 8 segments
                are equal to the query's.
            group_by: a field or attribute, such as "article": only the best records of each of its
                values, while `limit` and `offset` count values. Records without one stand alone.
            group_size: how many records of each value.

        Raises:
            UsageError: the query cannot be asked of this collection.
            PictureError: the query's picture cannot be used.
            WeightsError: the text tower is missing; says how to get it.
        """
        from lookalike.search import Segments, Term, search
        from lookalike.stores.grouping import Grouping

        checked(terms, Iterable | None, "terms is a list of Term")
        checked(template, Iterable | None, "template is a text, or a list of texts")
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
            template=template,
            segments=None if segments is None else Segments.parse(segments),
            grouping=Grouping.of(group_by, group_size),
        )

    def copies(
        self,
        picture: Any = None,
        *,
        id: int | None = None,  # noqa: A002 - the field's word
        limit: int = 10,
        effort: "Effort" = "full",
        orientations: bool | None = None,
        regions: bool | None = None,
        proof: bool | None = None,
        where: "str | Filter | None" = None,
        within: str | PathLike[str] | None = None,
        tenant: str | None = None,
        threshold: float | None = None,
    ) -> "Results":
        """Find the records that show the same picture: its original, and copies of it.

        A score is how likely it is that the record is one, 0..1. Hits called `identical` and
        `copy` come first; what is `similar` behind them is only the nearest there was.
        `lookalike.copies.overlay` draws the proof of a hit.

        Args:
            picture: a path, URL, bytes or Pillow image.
            id: instead of it, a record's id; the record itself is left out of the answer.
            limit: most hits to return.
            effort: "full", or "quick": only the whole picture and the one without its borders.
            orientations: also look at it turned and mirrored; by default as the effort says.
            regions: also look at its parts, for screenshots and collages; the same.
            proof: compare local features of the best hits, where OpenCV is there; by default, and
                only where it may change the verdict, as the effort says.
            where: a filter, such as `price < 20 and colour == "red"`.
            within: only pictures below this folder.
            tenant: only this tenant's pictures.
            threshold: smallest score, 0..1.

        Raises:
            UsageError: the query cannot be asked of this collection.
            PictureError: the query's picture cannot be used.
            WeightsError: the weights of the collection's encoder cannot be had.
        """
        from lookalike.copies.find import find

        return find(
            self._store,
            picture,
            id=id,
            limit=limit,
            effort=effort,
            orientations=orientations,
            regions=regions,
            proof=proof,
            threshold=threshold,
            where=condition(where, within, tenant),
            tenant=tenant,
        )

    def get(self, id: int) -> Record | None:  # noqa: A002 - the field's word
        """The record of an id, or None."""
        return next(iter(self._store.get(record_ids([id]))), None)

    def find(self, picture: str | PathLike[str], tenant: str = "") -> Record | None:
        """The record of a path or URL, or None."""
        from lookalike.sources import uri

        checked(picture, PATH, "a picture is found by its path or URL")
        path = uri.from_path(picture)
        # A name that is no text is only ever spelt as the uri of its path.
        given = str(picture) if not path.startswith("file:") else path
        found = self._store.find([given, path], tenant)
        return found.get(given) or found.get(path)

    def find_digest(self, digest: str, tenant: str | None = None) -> "Sequence[Record]":
        """Records of a file's MD5 or SHA-256, 32 or 64 hexadecimal digits, in order of id.

        Whatever the names of their files; those of every tenant unless one is named.

        Raises:
            UsageError: it is neither.
        """
        kind, value = digest_of(digest)
        return self._store.find_digests([value], tenant, kind=kind).get(value, [])

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
        checked(after, SupportsIndex, "after is a record's id")
        checked(limit, SupportsIndex | None, "limit is a whole number")
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

    def trimmed_of(self, id: int) -> "dict[str, NDArray[np.uint8]]":  # noqa: A002
        """Hashes of a record's picture without its borders, (bits/8,) uint8, where it has any."""
        found = {
            spec.name: self._store.trimmed(spec.name, record_ids([id])) for spec in self.encoders
        }
        return {name: hashes[id] for name, hashes in found.items() if hashes}

    def qualities_of(self, id: int) -> dict[str, int]:  # noqa: A002
        """How much a record's picture gave its hashes to go by, 0..100, where that is known."""
        found = {
            spec.name: self._store.qualities(spec.name, record_ids([id])) for spec in self.encoders
        }
        return {name: qualities[id] for name, qualities in found.items() if qualities}

    def export_embeddings(
        self,
        path: str | PathLike[str],
        *,
        encoder: str | None = None,
        where: "str | Filter | None" = None,
        within: str | PathLike[str] | None = None,
        tenant: str | None = None,
        float16: bool = False,
        progress: Progress | None = None,
    ) -> int:
        """Write one encoder's raw embeddings or hashes to a file, with what is known of each.

        Args:
            path: a file that ends in .parquet, .npy (records go to a .jsonl beside it), .h5 or
                .hdf5; it is there whole, or not at all.
            encoder: whose vectors; by default the collection's first embedding.
            where: only records that match this filter.
            within: only pictures below this folder.
            tenant: only this tenant's pictures.
            float16: half the size, and nothing lost, since that is how they are kept.
            progress: called as progress(stage, done, total).

        Returns:
            How many records were written.
        """
        from lookalike.embeddings import export_embeddings

        return export_embeddings(
            self._store,
            path,
            encoder=encoder,
            where=condition(where, within, tenant),
            float16=float16,
            progress=progress,
        )

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
        checked(attributes, Mapping, "attributes are a mapping")
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

    def projection(self, encoder: str) -> "Projection | None":
        """What an encoder's embeddings are compared through; None when as they are.

        Raises:
            UsageError: the collection has no such encoder, or it makes hashes.
        """
        from lookalike.search.choose import find

        return self._store.projection(find(self.encoders, encoder).name)

    def set_projection(
        self,
        encoder: str,
        projection: "Chosen" = "default",
        *,
        progress: Progress | None = None,
    ) -> None:
        """Compare an encoder's embeddings otherwise from now on, reading no picture.

        Its index is built again from the stored embeddings, which stay as they are. Searches go
        on meanwhile with the old one, and so they do when it is interrupted.

        Args:
            encoder: one of the collection's.
            projection: "default" for the one that comes with the encoder, "fit" for one fitted on
                the collection's own embeddings, "none" to compare them as they are, the path of a
                .npz file, or a `lookalike.encoders.projection.Projection`.
            progress: called as progress(stage, done, total).

        Raises:
            UsageError: there is no such projection, or too few embeddings to fit one on.
        """
        from lookalike.projecting import projection_for
        from lookalike.search.choose import find

        spec = find(self.encoders, encoder)
        chosen = projection_for(self._store, spec, projection, progress)
        self._store.set_projection(spec.name, chosen, progress)

    def rebuild(self, progress: Progress | None = None) -> None:
        """Build every index again from the stored embeddings, reading no picture."""
        self._store.rebuild(progress)
