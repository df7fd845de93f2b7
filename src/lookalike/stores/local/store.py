"""The local store: an SQLite catalogue as the truth, and indexes that can be made from it."""

import contextlib
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.attributes import check_text
from lookalike.encoders.projection import Projection
from lookalike.filters import Filter
from lookalike.hamming import Found
from lookalike.indexes import IndexSpec
from lookalike.indexes.parameters import Place
from lookalike.records import AttributeKind, Attributes, EncoderSpec, Record
from lookalike.stores import checks
from lookalike.stores.base import (
    EncoderStats,
    Entry,
    Neighbour,
    Progress,
    Query,
    QueryPart,
    StoreStats,
)
from lookalike.stores.local import (
    exact,
    health,
    indexed,
    indexing,
    qualities,
    reading,
    roster,
    trimming,
    writing,
)
from lookalike.stores.local.catalogue import FILE_NAME, Catalogue
from lookalike.stores.local.compared import compared
from lookalike.stores.local.declaring import declare
from lookalike.stores.local.hashes import FOLDER as HASHES
from lookalike.stores.local.hashes import HashTables
from lookalike.stores.local.lock import WriterLock
from lookalike.stores.local.noting import Changes
from lookalike.stores.local.passing import Passing
from lookalike.stores.local.place import make_folder, remove_tried, tried_folder
from lookalike.stores.local.shards import FOLDER, Shards
from lookalike.stores.local.upkeep import Upkeep
from lookalike.stores.space import Space


class LocalStore(Upkeep):
    """Records, embeddings and hashes in one folder; implements `stores.base.Store`.

    Safe to use from several threads. One process writes at a time; others may open the folder
    with `read_only=True` beside it, and then search exactly, without the engine.
    """

    many_writers = False
    place: Place = "local"
    version = None

    def __init__(
        self,
        folder: Path,
        read_only: bool,
        progress: Progress | None,
        attributes: Mapping[str, AttributeKind] | None,
    ) -> None:
        """Use `open`."""
        self.path = folder
        self.read_only = read_only
        self._lock = None if read_only else WriterLock(folder)
        try:
            self._catalogue = Catalogue(folder, read_only=read_only)
            try:
                self._declared = declare(self._catalogue, attributes)
                self._known = roster.members(self._catalogue)
                self._shards = Shards(self._catalogue, folder / FOLDER, progress, self._declared)
                self._hashes = HashTables(self._catalogue, folder / HASHES)
                if not read_only:
                    remove_tried(folder)
                    self._shards.remove_strays()
                    self._hashes.remove_strays()
            except BaseException:
                self._catalogue.close()
                raise
        except BaseException:
            if self._lock is not None:
                self._lock.release()
            raise
        self._spaces: dict[str, tuple[int, Space]] = {}
        self._closed = False
        if self._lock is not None:
            # A store that is forgotten without `close` must not keep others out for ever.
            self._release = weakref.finalize(self, self._lock.release)

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        create: bool = True,
        read_only: bool = False,
        progress: Progress | None = None,
        attributes: Mapping[str, AttributeKind] | None = None,
    ) -> "LocalStore":
        """Open the collection in a folder, making it where there is none unless told not to.

        `progress` is told of an index that has to be built again; `attributes` are declared when
        the collection is made.

        Raises:
            NotFoundError: there is no collection and none may be made.
            UsageError: the path is a file, or a folder that holds other things, or the collection
                was made with other attributes.
            CollectionLockedError: another process has it open for writing.
            StoreError: it cannot be read or written, or is damaged.
        """
        folder = Path(path)
        check_text(str(folder), "The path of the collection")
        if not (folder / FILE_NAME).exists():
            make_folder(folder, create and not read_only)
        return cls(folder, read_only, progress, attributes)

    @property
    def address(self) -> str:
        """The folder's absolute path."""
        return str(self.path.resolve())

    @property
    def notices(self) -> tuple[str, ...]:
        """What the store had to put right since it was opened, in words."""
        return (*self._shards.notices, *self._hashes.notices)

    def encoders(self) -> tuple[EncoderSpec, ...]:
        """The collection's encoders, in the order they were added."""
        if self.read_only:
            self._known = roster.members(self._catalogue)
        return tuple(one.spec for one in self._known.values())

    def add_encoder(
        self,
        spec: EncoderSpec,
        projection: Projection | None = None,
        index: IndexSpec | None = None,
    ) -> None:
        """Add an encoder; doing it again with the same spec changes nothing.

        `projection` is what a new one's embeddings are compared through, `index` the one they get.
        """
        self._need_writable()
        with self._catalogue.lock:
            old = self._known.get(spec.name)
            if old is not None:
                checks.refuse_other(old.spec, spec)
                return
            self._need_writable(0)
            made = indexing.settle(spec, index, projection, 0)
            with self._catalogue.writing() as connection:
                roster.add(connection, spec, made, projection)
            self._known = roster.members(self._catalogue)
            if spec.kind == "embedding":
                self._shards.create(self._known[spec.name])

    # Writing

    def upsert(self, entries: Sequence[Entry]) -> list[int]:
        """Insert or update records with their vectors; returns their ids in order."""
        self._need_writable(len(entries))
        with self._catalogue.lock:
            with self._catalogue.writing() as connection:
                ids, changes = writing.upsert(connection, self._known, entries, self._declared)
                self._hashes.note(connection, self._known, changes.hashes)
            self._apply(changes)
        # Without the lock, so that other threads go on while a graph is built.
        self._shards.finish_segments(self._known[name] for name in changes.points)
        return ids

    def update_attributes(self, changes: Mapping[int, Attributes]) -> None:
        """Replace the attributes of records by id; NotFoundError when an id is not there."""
        self._need_writable(len(changes))
        with self._catalogue.lock:
            with self._catalogue.writing() as connection:
                done = writing.update_attributes(connection, self._known, changes, self._declared)
            self._apply(done)

    def move(self, moves: Mapping[int, Entry]) -> None:
        """Give records another uri, tenant, size and modified_ns; vectors and id stay."""
        self._need_writable(len(moves))
        with self._catalogue.lock:
            with self._catalogue.writing() as connection:
                done = writing.move(connection, self._known, moves)
            self._apply(done)

    def delete(self, ids: Sequence[int]) -> int:
        """Delete records by id; returns how many were there."""
        self._need_writable()
        with self._catalogue.lock:
            with self._catalogue.writing() as connection:
                count, done = writing.delete(connection, self._known, ids)
                self._hashes.note(connection, self._known, done.hashes)
            self._apply(done)
        return count

    def _apply(self, changes: Changes) -> None:
        """Bring a committed transaction to the indexes."""
        try:
            for name, ids in changes.points.items():
                self._shards.apply(self._known[name], ids)
            for name, ids in changes.hashes.items():
                self._hashes.apply(self._known[name], ids)
        except BaseException:
            # Half-way, by Ctrl-C say: whatever may lack something is read again when next used.
            self._hashes.forget()
            self._shards.forget()
            raise

    # Reading

    def missing(
        self, encoder: str, after: int = -1, limit: int = 1024, *, files_only: bool = False
    ) -> list[Record]:
        """Records that have no vector for that encoder, in order of id, those with id > `after`."""
        return reading.missing(self._catalogue, self._member(encoder), after, limit, files_only)

    def vectors(self, encoder: str, ids: Sequence[int]) -> dict[int, NDArray[Any]]:
        """Stored vectors by id: (dim,) float32 or (bits/8,) uint8; absent ids are left out."""
        return reading.vectors(self._catalogue, self._member(encoder), ids)

    def compared(self, encoder: str, ids: Sequence[int]) -> dict[int, NDArray[Any]]:
        """Vectors by id as they are compared: projected ones where there is a projection."""
        one = self._member(encoder)
        if one.is_hash:
            return reading.vectors(self._catalogue, one, ids)
        return compared(self._catalogue, one, self._space(one), ids)

    def all_vectors(self, encoder: str) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
        """All stored vectors in chunks of ids (n,) and vectors (n, size), in order of id."""
        return reading.all_vectors(self._catalogue, self._member(encoder))

    def trimmed(self, encoder: str, ids: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
        """Hashes of pictures without their borders, by id; absent ids are left out."""
        one = self._member(encoder)
        return trimming.read(self._catalogue, one, ids) if one.is_hash else {}

    def qualities(self, encoder: str, ids: Sequence[int]) -> dict[int, int]:
        """Qualities of stored hashes by id, 0..100; absent ids are left out."""
        return qualities.read(self._catalogue, self._member(encoder), ids)

    def projection(self, encoder: str) -> Projection | None:
        """What the embeddings of an encoder are compared through; None when as they are."""
        return self._space(self._member(encoder, "embedding")).projection

    # Searching

    def nearest(
        self,
        encoder: str,
        query: Query,
        limit: int,
        *,
        offset: int = 0,
        where: Filter | None = None,
        max_distance: float | None = None,
    ) -> list[Neighbour]:
        """Nearest embeddings by cosine distance, ties by id; see `paging` for the order.

        `query` is (dim,) of unit length, as the encoder made it, or parts of those; it is
        projected here.
        """
        one = self._member(encoder, "embedding")
        if limit <= 0:
            return []
        if self.read_only:
            end = offset + limit
            space = self._space(one)
            vector = space.query(query)
            (found,) = exact.nearest(
                self._catalogue, one, space, [vector], [end], where, max_distance
            )
            return found[offset:]
        return indexed.nearest(
            self._catalogue, self._shards, one, query, limit, offset, where, max_distance
        )

    def nearest_each(
        self,
        encoder: str,
        queries: NDArray[np.float32],
        limits: Sequence[int],
        *,
        where: Filter | None = None,
    ) -> list[list[Neighbour]]:
        """What `nearest` answers to each of (n, dim) queries; a reader scans but once."""
        one = self._member(encoder, "embedding")
        if not self.read_only:
            pairs = zip(queries, limits, strict=True)
            return [self.nearest(encoder, query, limit, where=where) for query, limit in pairs]
        space = self._space(one)
        vectors = [space.query(query) for query in queries]
        return exact.nearest(self._catalogue, one, space, vectors, limits, where)

    def within(
        self,
        encoder: str,
        query: NDArray[np.uint8],
        radius: int,
        limit: int,
        *,
        offset: int = 0,
        where: Filter | None = None,
    ) -> list[Neighbour]:
        """Exact: hashes within `radius` bits of the query, nearest first, ties by id."""
        one = self._member(encoder, "hash")
        checks.check_hash(one.spec, query)
        keep = None if where is None else Passing(self._catalogue, where)
        end = offset + max(limit, 0)
        return _neighbours(self._hashes.within(one, query, radius, end, keep))[offset:]

    def segments(
        self,
        encoder: str,
        query: NDArray[np.uint8],
        segments: int,
        minimum: int,
        limit: int,
        *,
        offset: int = 0,
        where: Filter | None = None,
    ) -> list[Neighbour]:
        """Hashes of which `minimum` of `segments` parts are equal, by distance, ties by id."""
        one = self._member(encoder, "hash")
        checks.check_hash(one.spec, query)
        keep = None if where is None else Passing(self._catalogue, where)
        end = offset + max(limit, 0)
        found = self._hashes.matching(one, query, (segments, minimum), end, keep)
        return _neighbours(found)[offset:]

    def distances(
        self,
        encoder: str,
        query: NDArray[Any] | Sequence[QueryPart],
        ids: Sequence[int],
    ) -> dict[int, float]:
        """Distances by id, each compared, as `nearest` and `within` give them."""
        one = self._member(encoder)
        if one.is_hash:
            return self._hashes.distances(one, checks.check_hash(one.spec, query), ids)
        if not self.read_only:
            return indexed.distances(self._catalogue, self._shards, one, query, ids)
        space = self._space(one)
        vector = space.query(query)
        return exact.distances(self._catalogue, one, space, vector, ids)

    # Upkeep

    def stats(self) -> StoreStats:
        """Counts, sizes and health."""
        rows = self._catalogue.read(
            "SELECT e.name, e.vectors, coalesce(p.size, e.size), coalesce(p.version, ''), e.shard "
            "FROM encoders e LEFT JOIN projections p ON p.encoder = e.number"
        )
        counts = {row[0]: row[1:] for row in rows}
        encoders = []
        problems: list[str] = []
        for spec in self.encoders():
            held, dimensions, version, shard = counts[spec.name]
            indexed = held
            if spec.kind == "embedding" and self.read_only:
                problems += health.problems(
                    self._catalogue, self._shards.folder, self._known[spec.name]
                )
            elif spec.kind == "embedding":
                index = self._shards.index(self._known[spec.name])
                indexed, shard = index.indexed, index.folder.name
            if spec.kind == "hash":
                size = self._hashes.bytes_on_disk(self._known[spec.name])
            else:
                size = self._shards.bytes_on_disk(shard)
            encoders.append(EncoderStats(spec, held, indexed, size, dimensions, version))
        problems += self.notices
        size = self._catalogue.bytes_on_disk()
        return StoreStats(self.count(), tuple(encoders), size, tuple(problems))

    @contextlib.contextmanager
    def aside(self) -> "Iterator[LocalStore]":
        """An empty store within this one's folder, to try things in; gone when the block ends."""
        self._need_writable(0)
        with tried_folder(self.path) as folder, LocalStore.open(folder) as store:
            yield store

    def close(self) -> None:
        """Flush and let go; the store cannot be used afterwards."""
        if self._closed:
            return
        self._closed = True
        try:
            if not self.read_only:
                with self._catalogue.lock:
                    self._shards.close()
        finally:
            self._catalogue.close()
            if self._lock is not None:
                self._release()

    def __enter__(self) -> "LocalStore":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _neighbours(found: Found) -> list[Neighbour]:
    return list(map(Neighbour, found.ids.tolist(), found.distances.astype(float).tolist()))
