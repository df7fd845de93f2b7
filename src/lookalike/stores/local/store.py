"""The local store: an SQLite catalogue as the truth, and indexes that can be made from it."""

import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from lookalike.attributes import check_text
from lookalike.errors import NotFoundError, StoreError, UsageError
from lookalike.filters import Filter
from lookalike.records import Attributes, EncoderSpec, Record
from lookalike.stores.base import EncoderStats, Entry, Neighbour, Progress, StoreStats
from lookalike.stores.local import engine_filter, exact, paging, reading, roster, writing
from lookalike.stores.local.catalogue import FILE_NAME, Catalogue
from lookalike.stores.local.engine import EngineFailure, VectorIndex
from lookalike.stores.local.hamming import HammingTable, words_of
from lookalike.stores.local.lock import WriterLock
from lookalike.stores.local.room import need_room
from lookalike.stores.local.roster import Member
from lookalike.stores.local.shards import FOLDER, Shards

_ROW_BYTES = 8192
"""What a record takes on disk at most, in catalogue, log and index; see docs/storage.md."""


class LocalStore:
    """Records, embeddings and hashes in one folder; implements `stores.base.Store`.

    Safe to use from several threads. One process writes at a time; others may open the folder
    with `read_only=True` beside it, and then search exactly, without the engine.
    """

    def __init__(self, folder: Path, read_only: bool, progress: Progress | None) -> None:
        """Use `open`."""
        self.path = folder
        self.read_only = read_only
        self._lock = None if read_only else WriterLock(folder)
        try:
            self._catalogue = Catalogue(folder, read_only=read_only)
            try:
                self._known = roster.members(self._catalogue)
                self._shards = Shards(self._catalogue, folder / FOLDER, progress)
                if not read_only:
                    self._shards.remove_strays()
            except BaseException:
                self._catalogue.close()
                raise
        except BaseException:
            if self._lock is not None:
                self._lock.release()
            raise
        self._hashes: dict[str, tuple[int, HammingTable]] = {}
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
    ) -> "LocalStore":
        """Open the collection in a folder, making it where there is none unless told not to.

        `progress` is told of an index that has to be built again.

        Raises:
            NotFoundError: there is no collection and none may be made.
            UsageError: the path is a file, or a folder that holds other things.
            CollectionLockedError: another process has it open for writing.
            StoreError: it cannot be read or written, or is damaged.
        """
        folder = Path(path)
        check_text(str(folder), "The path of the collection")
        if not (folder / FILE_NAME).exists():
            _make(folder, create and not read_only)
        return cls(folder, read_only, progress)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the store had to put right since it was opened, in words."""
        return tuple(self._shards.notices)

    def encoders(self) -> tuple[EncoderSpec, ...]:
        """The collection's encoders, in the order they were added."""
        if self.read_only:
            self._known = roster.members(self._catalogue)
        return tuple(one.spec for one in self._known.values())

    def add_encoder(self, spec: EncoderSpec) -> None:
        """Add an encoder; doing it again with the same spec changes nothing."""
        self._need_writable()
        with self._catalogue.lock:
            old = self._known.get(spec.name)
            if old is not None:
                roster.refuse_other(old.spec, spec)
                return
            need_room(self.path)
            with self._catalogue.writing() as connection:
                roster.add(connection, spec)
            self._known = roster.members(self._catalogue)
            if spec.kind == "embedding":
                self._shards.create(self._known[spec.name])

    def _member(self, name: str, kind: str | None = None) -> Member:
        found = self._known.get(name)
        if found is None and self.read_only:
            self._known = roster.members(self._catalogue)
        found = found or roster.member(self._known, name)
        if kind is not None and found.spec.kind != kind:
            raise UsageError(f"Encoder {name!r} makes {found.spec.kind}s: ask it for those.")
        return found

    # Writing

    def upsert(self, entries: Sequence[Entry]) -> list[int]:
        """Insert or update records with their vectors; returns their ids in order."""
        self._need_writable()
        need_room(self.path, _ROW_BYTES * len(entries))
        with self._catalogue.lock:
            with self._catalogue.writing() as connection:
                ids, changes = writing.upsert(connection, self._known, entries)
            self._apply(changes)
        return ids

    def update_attributes(self, changes: Mapping[int, Attributes]) -> None:
        """Replace the attributes of records by id; NotFoundError when an id is not there."""
        self._need_writable()
        need_room(self.path, _ROW_BYTES * len(changes))
        with self._catalogue.lock:
            with self._catalogue.writing() as connection:
                done = writing.update_attributes(connection, self._known, changes)
            self._apply(done)

    def move(self, moves: Mapping[int, Entry]) -> None:
        """Give records another uri, tenant, size and modified_ns; vectors and id stay."""
        self._need_writable()
        need_room(self.path, _ROW_BYTES * len(moves))
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
            self._apply(done)
        return count

    def _apply(self, changes: writing.Changes) -> None:
        """Bring a committed transaction to the indexes."""
        try:
            for name, ids in changes.points.items():
                self._shards.apply(self._known[name], ids)
            for name, hashes in changes.hashes.items():
                if name in self._hashes:
                    _put_hashes(self._hashes[name][1], hashes, self._known[name])
        except BaseException:
            # Half-way, by Ctrl-C say: whatever may lack something is read again when next used.
            self._hashes.clear()
            self._shards.forget()
            raise

    # Reading

    def get(self, ids: Sequence[int]) -> list[Record | None]:
        """Records by id, in order; None where there is none."""
        return reading.get(self._catalogue, ids)

    def find(self, uris: Sequence[str], tenant: str = "") -> dict[str, Record]:
        """Records by uri within one tenant."""
        return reading.find(self._catalogue, uris, tenant)

    def find_digests(
        self,
        digests: Sequence[bytes],
        tenant: str = "",
        after: int = -1,
        limit: int | None = None,
    ) -> dict[bytes, list[Record]]:
        """Records by SHA-256 within one tenant, in order of id, at most `limit` for each."""
        return reading.find_digests(self._catalogue, digests, tenant, after, limit)

    def scan(
        self, where: Filter | None = None, after: int = -1, limit: int | None = None
    ) -> Iterator[Record]:
        """Records in order of id, those with id > `after`; safe while the store is written to."""
        return reading.scan(self._catalogue, where, after, limit)

    def count(self, where: Filter | None = None) -> int:
        """How many records."""
        return reading.count(self._catalogue, where)

    def missing(
        self, encoder: str, after: int = -1, limit: int = 1024, *, files_only: bool = False
    ) -> list[Record]:
        """Records that have no vector for that encoder, in order of id, those with id > `after`."""
        return reading.missing(self._catalogue, self._member(encoder), after, limit, files_only)

    def vectors(self, encoder: str, ids: Sequence[int]) -> dict[int, NDArray[Any]]:
        """Stored vectors by id: (dim,) float32 or (bits/8,) uint8; absent ids are left out."""
        return reading.vectors(self._catalogue, self._member(encoder), ids)

    # Searching

    def nearest(
        self,
        encoder: str,
        query: NDArray[np.float32],
        limit: int,
        *,
        offset: int = 0,
        where: Filter | None = None,
        max_distance: float | None = None,
    ) -> list[Neighbour]:
        """Nearest embeddings by cosine distance, ties by id; see `paging` for the order.

        `query` is (dim,) of unit length.
        """
        one = self._member(encoder, "embedding")
        if query.shape != (one.spec.size,):
            raise UsageError(
                f"Encoder {encoder!r} needs a query of shape ({one.spec.size},), not {query.shape}."
            )
        if limit <= 0:
            return []
        if self.read_only:
            end = offset + limit
            return exact.nearest(self._catalogue, one, query, end, where, max_distance)[offset:]
        index = self._shards.index(one)
        try:
            answers = self._page(index, query, offset, limit, where, max_distance)
        except EngineFailure as error:
            index = self._shards.repair(one, index, str(error))
            answers = self._page(index, query, offset, limit, where, max_distance)
        return [Neighbour(key, min(distance, 2.0)) for distance, key in answers]

    def _page(
        self,
        index: VectorIndex,
        query: NDArray[np.float32],
        offset: int,
        limit: int,
        where: Filter | None,
        max_distance: float | None,
    ) -> list[tuple[float, int]]:
        condition = None if where is None else self._engine_filter(index, where)
        values = query.tolist()
        return paging.page(
            lambda size, exactly: index.search(values, size, condition, exact=exactly),
            offset,
            limit,
            max_distance,
        )

    def _engine_filter(self, index: VectorIndex, where: Filter) -> Any:
        fields = list(engine_filter.payload_fields(where))
        if not index.has_fields(fields):
            need_room(self.path)
            with self._catalogue.lock:
                index.index_fields(fields)
        return engine_filter.compile_filter(where, self._passing)

    def _passing(self, where: Filter) -> list[int]:
        return reading.ids(self._catalogue, where)

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
        width = one.spec.size // 8
        if query.shape != (width,) or query.dtype != np.uint8:
            raise UsageError(
                f"Encoder {encoder!r} needs a query of {width} uint8, "
                f"not {query.dtype} of shape {query.shape}."
            )
        table = self._table(one)
        among = None if where is None else np.array(self._passing(where), np.int64)
        found = table.within(words_of(query[None])[0], radius, among)
        return found[offset : offset + max(limit, 0)]

    def _table(self, encoder: Member) -> HammingTable:
        """The encoder's hashes in memory; a reader loads them again when they have changed."""
        name = encoder.spec.name
        writes = 0
        if self.read_only:
            ((writes,),) = self._catalogue.read("SELECT writes FROM totals")
        held = self._hashes.get(name)
        if held is None or held[0] != writes:
            with self._catalogue.lock:
                statement = f"SELECT id, vector FROM {encoder.table} ORDER BY id"  # noqa: S608
                held = (
                    writes,
                    HammingTable(*_table_arrays(self._catalogue.read(statement), encoder)),
                )
                self._hashes[name] = held
        return held[1]

    # Upkeep

    def optimize(self, progress: Progress | None = None) -> None:
        """Build what makes search fast for everything added since the last time.

        Does nothing until enough has been added to be worth it.
        """
        self._need_writable()
        for one in self._known.values():
            if not one.is_hash:
                self._shards.optimize(one, progress)

    def rebuild(self, progress: Progress | None = None) -> None:
        """Throw every index away and build it again from what is kept, reading no picture.

        Raises:
            StoreError: the catalogue itself is damaged.
        """
        self._need_writable()
        if damage := self._catalogue.check():
            raise StoreError(
                f"{self._catalogue.path} is damaged ({damage[0]}): restore it from a backup, or "
                f"save what can be read with `sqlite3 {FILE_NAME} .recover`."
            )
        with self._catalogue.writing() as connection:
            connection.execute("UPDATE totals SET records = (SELECT count(*) FROM records)")
            for one in self._known.values():
                connection.execute(
                    f"UPDATE encoders SET vectors = (SELECT count(*) FROM {one.table}) "  # noqa: S608
                    "WHERE number = ?",
                    (one.number,),
                )
        self._hashes.clear()
        for one in self._known.values():
            if not one.is_hash:
                self._shards.rebuild(one, progress)

    def stats(self) -> StoreStats:
        """Counts, sizes and health."""
        counts = dict(self._catalogue.read("SELECT name, vectors FROM encoders"))
        encoders = []
        for spec in self.encoders():
            held = counts[spec.name]
            indexed, size = held, 0
            if spec.kind == "embedding" and not self.read_only:
                one = self._known[spec.name]
                indexed, size = self._shards.index(one).indexed, self._shards.bytes_on_disk(one)
            encoders.append(EncoderStats(spec, held, indexed, size))
        return StoreStats(
            self.count(), tuple(encoders), self._catalogue.bytes_on_disk(), self.notices
        )

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

    def _need_writable(self) -> None:
        if self.read_only:
            raise UsageError(
                f"The collection {self.path} is open read-only: open it for writing to change it."
            )


def _make(folder: Path, allowed: bool) -> None:
    """Make the folder of a new collection."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, not a collection: name a folder.")
    strange = folder.is_dir() and any(path.name != "lock" for path in folder.iterdir())
    if strange:
        raise UsageError(
            f"{folder} is a folder that holds other things, not a collection: "
            "name a collection, or a folder that is new or empty."
        )
    if not allowed:
        raise NotFoundError(f"There is no collection at {folder}: make one with `lookalike index`.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _cannot_make(folder, error)


def _cannot_make(folder: Path, error: OSError) -> NoReturn:
    raise StoreError(
        f"Cannot make the collection {folder}: {error.strerror}. Name a folder you may write to."
    ) from error


def _table_arrays(
    pairs: Sequence[tuple[int, Any]], encoder: Member
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    ids = np.fromiter((key for key, _ in pairs), np.int64, len(pairs))
    hashes = np.frombuffer(b"".join([blob for _, blob in pairs]), np.uint8)
    return ids, words_of(hashes.reshape(len(pairs), encoder.spec.size // 8))


def _put_hashes(table: HammingTable, hashes: Mapping[int, bytes | None], encoder: Member) -> None:
    gone = [key for key, blob in hashes.items() if blob is None]
    if gone:
        table.remove(np.array(gone, np.int64))
    kept = [(key, blob) for key, blob in hashes.items() if blob is not None]
    if kept:
        table.put(*_table_arrays(kept, encoder))
