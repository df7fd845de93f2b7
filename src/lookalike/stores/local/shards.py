"""The engine's indexes of a collection: kept in step with the catalogue, made anew from it.

A change is noted in the catalogue's `pending` table in its own transaction, then applied to the
index, and struck off once the index is flushed. Whatever happens in between, opening the index
applies what is pending; an index that does not fit the catalogue is built again.
"""

import contextlib
import random
import secrets
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.projection import Projection
from lookalike.errors import StoreError
from lookalike.indexes import IndexSpec
from lookalike.records import AttributeKind, Record
from lookalike.stores.base import Progress
from lookalike.stores.checks import as_kept
from lookalike.stores.local import roster, rows
from lookalike.stores.local.catalogue import Catalogue
from lookalike.stores.local.engine import SEGMENT, EngineFailure, VectorIndex
from lookalike.stores.local.graph import UNCHANGING, build_graph, copy_folder
from lookalike.stores.local.payload import declared_fields, payload, same_payload
from lookalike.stores.local.room import need_room
from lookalike.stores.local.roster import Member
from lookalike.stores.local.rows import in_chunks
from lookalike.stores.space import Space

FOLDER = "vectors"

_FLUSH_EVERY = 20_000
"""Points applied between flushes; the most that opening after a crash has to apply again."""
_READ_ROWS = 2000
_SAMPLE = 12
_GRAPH_FROM = 20_000
_GRAPH_SHARE = 0.1
_GRAPH_MOST = 100_000
"""A graph is built once more than 20,000 vectors, and a tenth of all or 100,000, are outside it."""
_SAME = 0.03
"""Largest distance between a stored vector and the engine's copy, or what its code says."""


class Shards:
    """The engine indexes of one collection, loaded when first used."""

    def __init__(
        self,
        catalogue: Catalogue,
        folder: Path,
        progress: Progress | None,
        declared: Mapping[str, AttributeKind],
    ) -> None:
        self.catalogue = catalogue
        self.folder = folder
        self.notices: list[str] = []
        self._progress = progress
        self._declared = declared
        self._loaded: dict[int, VectorIndex] = {}
        self._applied: dict[int, set[int]] = {}
        """Ids that were brought to an index since it was last flushed, by encoder."""
        self._building = threading.Lock()
        self._copies: dict[int, Path] = {}
        """Copies in which graphs are being built, by encoder: they need what is pending, too."""

    def index(self, encoder: Member) -> VectorIndex:
        """The index of one encoder, in step with the catalogue."""
        index = self._loaded.get(encoder.number)
        if index is None:
            with self.catalogue.lock:
                index = self._loaded.get(encoder.number) or self._open(encoder)
        return index

    def _open(self, encoder: Member) -> VectorIndex:
        ((name, expected),) = self.catalogue.read(
            "SELECT shard, vectors FROM encoders WHERE number = ?", (encoder.number,)
        )
        if name is None:
            if expected:
                return self._repair(encoder, "it was never built")
            return self.create(encoder)
        try:
            index = VectorIndex.load(self.folder / name, roster.space(self.catalogue, encoder))
            self._replay(encoder, index)
            self._flush(encoder, index)
            complaint = self._complaint(encoder, index, expected)
        except EngineFailure as error:
            return self._repair(encoder, str(error))
        if complaint:
            index.close()
            return self._repair(encoder, complaint)
        self._loaded[encoder.number] = index
        return index

    def create(self, encoder: Member) -> VectorIndex:
        """Make the index of an encoder that has no vectors yet."""
        index = self._new(encoder, roster.space(self.catalogue, encoder))
        self._adopt(encoder, index)
        return index

    def _complaint(self, encoder: Member, index: VectorIndex, expected: int) -> str:
        """How the index differs from the catalogue; empty when it does not seem to."""
        if len(index) != expected:
            return f"it holds {len(index):,} vectors instead of {expected:,}"
        sample = self._sample(encoder, index.space)
        found = index.points(list(sample))
        for key, (vector, record) in sample.items():
            if key not in found or not _same(found[key][0], vector):
                return f"its vector of record {key} is not the one stored"
            if not same_payload(found[key][1], payload(record)):
                return f"its fields of record {key} are not those stored"
        return ""

    def _sample(
        self, encoder: Member, space: Space
    ) -> dict[int, tuple[NDArray[np.float32], Record]]:
        """A few vectors, as they are to be in the index, with their records, chosen at random."""
        # SQLite finds one end of a table at once, but reads all of it when asked for both.
        table = encoder.table
        ends = f"SELECT (SELECT min(id) FROM {table}), (SELECT max(id) FROM {table})"  # noqa: S608
        ((low, high),) = self.catalogue.read(ends)
        if low is None:
            return {}
        statement = _POINTS.format(table=encoder.table) + " WHERE v.id >= ? ORDER BY v.id LIMIT 1"
        sample = {}
        for _ in range(_SAMPLE):
            start = random.randint(low, high)  # noqa: S311 - no secret
            (row,) = self.catalogue.read(statement, (start,))
            (vector,) = space.rows([row[1]]).astype(np.float32)
            sample[row[0]] = (vector, rows.record_of(row[2:]))
        return sample

    def repair(self, encoder: Member, broken: VectorIndex, reason: str) -> VectorIndex:
        """Replace an index that failed in use, unless another thread has done so already."""
        with self.catalogue.lock:
            if self._loaded.get(encoder.number) is broken:
                del self._loaded[encoder.number]
                return self._repair(encoder, reason)
            return self.index(encoder)

    def _repair(self, encoder: Member, reason: str) -> VectorIndex:
        self.notices.append(
            f"The index of {encoder.spec.name} was built again from the catalogue: {reason}."
        )
        return self._rebuild(encoder, self._progress, roster.space(self.catalogue, encoder))

    def _new(self, encoder: Member, space: Space) -> VectorIndex:
        need_room(self.catalogue.path.parent)
        name = f"{encoder.number}-{secrets.token_hex(4)}"
        index = VectorIndex.create(self.folder / name, space)
        index.index_fields(declared_fields(self._declared))
        return index

    def _adopt(self, encoder: Member, index: VectorIndex, *, other_space: bool = False) -> None:
        """Make this flushed index, which lacks nothing, the encoder's; remove the one before.

        `other_space` says that its space is not the one that the catalogue knows.
        """
        with self.catalogue.writing() as connection:
            if other_space:
                roster.keep_projection(connection, encoder, index.space.projection)
                roster.keep_index(connection, encoder, index.space.index)
            connection.execute(
                "UPDATE encoders SET shard = ?, vectors = ? WHERE number = ?",
                (index.folder.name, len(index), encoder.number),
            )
            connection.execute("DELETE FROM pending WHERE encoder = ?", (encoder.number,))
        self._loaded[encoder.number] = index
        self._applied.pop(encoder.number, None)
        self.remove_strays()

    def remove_strays(self) -> None:
        """Remove folders that an interrupted build left, or that were replaced."""
        used = {name for (name,) in self.catalogue.read("SELECT shard FROM encoders")}
        used |= {index.folder.name for index in self._loaded.values()}
        used |= {copy.name for copy in self._copies.values()}
        if self.folder.is_dir():
            for path in self.folder.iterdir():
                if path.name not in used:
                    shutil.rmtree(path, ignore_errors=True)

    def apply(self, encoder: Member, ids: Iterable[int]) -> None:
        """Bring these ids of the index to what the catalogue says; the caller holds the lock."""
        index = self.index(encoder)
        try:
            self._refresh(encoder, index, ids)
            applied = self._applied.setdefault(encoder.number, set())
            applied.update(ids)
            if len(applied) >= _FLUSH_EVERY:
                self._flush(encoder, index)
        except EngineFailure as error:
            # The change itself is safe in the catalogue, and still pending.
            self.forget()
            self.notices.append(str(error))

    def forget(self) -> None:
        """Let go of indexes that may lack something; opening them applies what is pending."""
        self._applied.clear()
        while self._loaded:
            _, index = self._loaded.popitem()
            with contextlib.suppress(EngineFailure):
                index.close()

    def _refresh(self, encoder: Member, index: VectorIndex, ids: Iterable[int]) -> None:
        for some in in_chunks(ids):
            found = self.catalogue.read(
                _POINTS.format(table=encoder.table)
                + f" WHERE v.id IN ({','.join('?' * len(some))})",
                some,
            )
            _put(index, found)
            index.delete(list(set(some) - {row[0] for row in found}))

    def _replay(self, encoder: Member, index: VectorIndex) -> None:
        """Apply what is pending."""
        rows_ = self.catalogue.read("SELECT id FROM pending WHERE encoder = ?", (encoder.number,))
        pending = [key for (key,) in rows_]
        if pending:
            need_room(self.folder)
            self._refresh(encoder, index, pending)
            self._applied.setdefault(encoder.number, set()).update(pending)

    def _flush(self, encoder: Member, index: VectorIndex) -> None:
        """Make what was applied survive, and strike it, nothing else, off the pending list."""
        applied = self._applied.get(encoder.number)
        if encoder.number in self._copies or not applied:
            return
        index.flush()
        with self.catalogue.writing() as connection:
            connection.executemany(
                "DELETE FROM pending WHERE encoder = ? AND id = ?",
                [(encoder.number, key) for key in applied],
            )
        applied.clear()

    def optimize(self, encoder: Member, progress: Progress | None) -> None:
        """Build the graph if enough has been added since the last time.

        Searches and writes of other threads go on meanwhile.
        """
        index = self.index(encoder)
        if index.space.index.table.exact:
            return
        outside = len(index) - index.indexed
        if outside > max(_GRAPH_FROM, min(_GRAPH_SHARE * len(index), _GRAPH_MOST)):
            with self._building:
                self._with_graph(encoder, progress)

    def finish_segments(self, encoders: Iterable[Member]) -> None:
        """Build the graph of what was added since the last time once it fills a segment.

        Who adds without an end would otherwise be left with one segment of all.
        """
        for encoder in encoders:
            if self._segment_full(encoder):
                with self._building:
                    # Another thread may have done it meanwhile.
                    if self._segment_full(encoder):
                        self._with_graph(encoder, self._progress)

    def _segment_full(self, encoder: Member) -> bool:
        index = self.index(encoder)
        return not index.space.index.table.exact and len(index) - index.indexed > SEGMENT

    def _with_graph(self, encoder: Member, progress: Progress | None) -> None:
        """Let a child build the graph in a copy, then take the copy."""
        copy = self.folder / f"{encoder.number}-{secrets.token_hex(4)}"
        try:
            with self.catalogue.lock:
                index = self.index(encoder)
                self._flush(encoder, index)
                # The copy, and beside it for a while the new graph with its vectors.
                fresh = min(1.0, (len(index) - index.indexed + SEGMENT) / max(len(index), 1))
                copied = bytes_of(index.folder, UNCHANGING)
                need_room(self.folder, copied + int(fresh * bytes_of(index.folder)))
                copy_folder(index.folder, copy)
                self._copies[encoder.number] = copy
            total = len(index)
            build_graph(copy, lambda: _tell(progress, encoder, 0, total))
            with self.catalogue.lock:
                if self._loaded.get(encoder.number) is not index:
                    raise StoreError(
                        f"The index of {encoder.spec.name} failed while its graph was built: "
                        "run the same again."
                    )
                built = VectorIndex.load(copy, index.space)
                self._replay(encoder, built)
                built.flush()
                self._check_finds(encoder, built)
                self._adopt(encoder, built)
        except BaseException:
            shutil.rmtree(copy, ignore_errors=True)
            raise
        finally:
            self._copies.pop(encoder.number, None)
        _tell(progress, encoder, total, total)

    def rebuild(self, encoder: Member, progress: Progress | None) -> None:
        """Build the index from the catalogue; the old one serves until the new one is whole."""
        with self._building, self.catalogue.lock:
            self._rebuild(encoder, progress, roster.space(self.catalogue, encoder))

    def set_projection(
        self, encoder: Member, projection: Projection | None, progress: Progress | None
    ) -> None:
        """Build the index in another space; index and projection change in one transaction."""
        index = roster.index_spec(self.catalogue, encoder)
        space = Space(encoder.spec, as_kept(encoder.spec, projection), index)
        with self._building, self.catalogue.lock:
            # Loaded, the old index answers other threads without waiting for the lock.
            with contextlib.suppress(StoreError):
                self.index(encoder)
            self._rebuild(encoder, progress, space, other_space=True)

    def set_index(self, encoder: Member, spec: IndexSpec, progress: Progress | None) -> None:
        """Build another index, or only search otherwise where it would be built as it is."""
        with self._building, self.catalogue.lock:
            space = replace(roster.space(self.catalogue, encoder), index=spec)
            loaded = self.index(encoder)
            made = loaded.space.index
            if (spec.kind, spec.build) != (made.kind, made.build):
                self._rebuild(encoder, progress, space, other_space=True)
                return
            with self.catalogue.writing() as connection:
                roster.keep_index(connection, encoder, spec)
            loaded.use(space)

    def _rebuild(
        self,
        encoder: Member,
        progress: Progress | None,
        space: Space,
        *,
        other_space: bool = False,
    ) -> VectorIndex:
        index = self._new(encoder, space)
        try:
            ((total,),) = self.catalogue.read(f"SELECT count(*) FROM {encoder.table}")  # noqa: S608
            need_room(self.folder, total * (2 * space.size + 1024))
            graph = total > _GRAPH_FROM and not space.index.table.exact
            done = built = 0
            statement = _POINTS.format(table=encoder.table) + " ORDER BY v.id"
            for found in self.catalogue.stream(statement, (), _READ_ROWS):
                _put(index, found)
                done += len(found)
                _tell(progress, encoder, done, total, "load")
                if graph and done - built >= SEGMENT and done < total:
                    index = self._closed_and_built(encoder, index, progress, built, total)
                    built = done
            index.flush()
            if graph:
                index = self._closed_and_built(encoder, index, progress, built, total)
                _tell(progress, encoder, total, total)
            self._check_finds(encoder, index)
            self._adopt(encoder, index, other_space=other_space)
        except BaseException:
            shutil.rmtree(index.folder, ignore_errors=True)
            raise
        return index

    def _closed_and_built(
        self,
        encoder: Member,
        index: VectorIndex,
        progress: Progress | None,
        built: int,
        total: int,
    ) -> VectorIndex:
        """The index with a graph of what it lacks, loaded anew; `built` vectors have one."""
        index.close()
        build_graph(index.folder, lambda: _tell(progress, encoder, built, total))
        return VectorIndex.load(index.folder, index.space)

    def _check_finds(self, encoder: Member, index: VectorIndex) -> None:
        """A sample of the catalogue's vectors must find themselves.

        Raises:
            StoreError: they do not.
        """
        for key, (vector, _) in self._sample(encoder, index.space).items():
            if not index.finds(vector):
                raise StoreError(
                    f"The new index of {encoder.spec.name} does not find record {key}: "
                    "it was thrown away. Run `lookalike rebuild`."
                )

    def bytes_on_disk(self, name: str | None) -> int:
        """Bytes of the files of the index in the folder of that name."""
        return 0 if name is None else bytes_of(self.folder / name)

    def close(self) -> None:
        """Flush every index and let go."""
        for encoder in roster.members(self.catalogue).values():
            index = self._loaded.pop(encoder.number, None)
            if index is not None:
                self._flush(encoder, index)
                index.close()


def bytes_of(folder: Path, without: Iterable[str] = ()) -> int:
    """Bytes that a folder's files take on disk but those `without`; many of them are sparse."""
    sizes = []
    for path in folder.rglob("*"):
        # Another process may be replacing them.
        with contextlib.suppress(OSError):
            sizes += [path.stat()] if path.is_file() and path.name not in without else []
    return sum(getattr(size, "st_blocks", -(-size.st_size // 512)) * 512 for size in sizes)


def _same(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    return one.shape == other.shape and float(np.linalg.norm(one - other)) <= _SAME


_FIELDS = ", ".join(f"r.{name}" for name in rows.COLUMNS.split(", "))
_POINTS = f"SELECT v.id, v.vector, {_FIELDS} FROM {{table}} v JOIN records r ON r.id = v.id"  # noqa: S608


def _put(index: VectorIndex, found: Sequence[Any]) -> None:
    if found:
        vectors = index.space.rows([row[1] for row in found])
        payloads = [payload(rows.record_of(row[2:])) for row in found]
        index.upsert([row[0] for row in found], vectors, payloads)


def _tell(
    progress: Progress | None, encoder: Member, done: int, total: int, stage: str = "index"
) -> None:
    if progress is not None:
        progress(f"{stage} {encoder.spec.name}", done, total)
