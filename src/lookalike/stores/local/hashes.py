"""The Hamming indexes of a collection: read when first asked for, and kept in step.

Above some size an index is kept in a file, which the catalogue names beside its encoder. What
changed since it was written is noted in `pending`, in the transaction of the change; so whoever
opens the file, this process or a reader, brings it to the state of one moment.
"""

import contextlib
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import LookalikeError, StoreError
from lookalike.hamming import Found, HammingIndex
from lookalike.hamming.segments import SegmentIndex
from lookalike.stores.local import reading, trimming
from lookalike.stores.local.catalogue import Catalogue
from lookalike.stores.local.room import need_room
from lookalike.stores.local.roster import Member
from lookalike.stores.local.rows import in_chunks

FOLDER = "hashes"

WORTH_A_FILE = 50_000
"""Hashes from which on an index is kept in a file; fewer are read from the catalogue sooner."""

_MOST_PENDING = 20_000
_PENDING_SHARE = 8
_TRIES = 5
_ROWS = 1 << 16

Keep = Callable[[NDArray[np.int64]], NDArray[np.bool_]]


@dataclass(slots=True)
class _Held:
    """An index in memory."""

    writes: int
    """How often the catalogue had been written to, for readers."""
    index: HammingIndex
    file: str | None = None
    base: HammingIndex | None = None
    """What the file holds, for readers."""
    segmented: dict[tuple[int, int], SegmentIndex] = field(default_factory=dict)


class HashTables:
    """One index for each encoder of hashes."""

    def __init__(self, catalogue: Catalogue, folder: Path) -> None:
        self._catalogue = catalogue
        self._folder = folder
        self._held: dict[str, _Held] = {}
        self.notices: list[str] = []
        """What had to be put right, in words."""

    # Searching

    def within(
        self,
        encoder: Member,
        query: NDArray[np.uint8],
        radius: int,
        limit: int,
        keep: Keep | None,
    ) -> Found:
        """The ids within `radius` bits, nearest first, ties by id; `keep` as `HammingIndex`'s."""
        return self._current(encoder).index.within(query, radius, limit=limit, keep=keep)

    def matching(
        self,
        encoder: Member,
        query: NDArray[np.uint8],
        segments: tuple[int, int],
        limit: int,
        keep: Keep | None,
    ) -> Found:
        """The ids of which so many (segments, minimum) are equal, by Hamming distance, then id."""
        held = self._current(encoder)
        index = held.segmented.get(segments)
        if index is None:
            with self._catalogue.lock:
                index = SegmentIndex(encoder.spec.size, *segments)
                index.add(*held.index.rows())
                held.segmented[segments] = index
        return index.matching(query, limit=limit, keep=keep)

    def distances(
        self, encoder: Member, query: NDArray[np.uint8], ids: Sequence[int]
    ) -> dict[int, float]:
        """Differing bits by id; absent ids are left out."""
        nearest: dict[int, float] = {}
        whole = reading.vectors(self._catalogue, encoder, ids)
        for found in (whole, trimming.read(self._catalogue, encoder, list(whole))):
            for key, own in found.items():
                bits = float(np.bitwise_count(own ^ query).sum())
                nearest[key] = min(bits, nearest.get(key, bits))
        return nearest

    # Keeping in step

    def note(
        self, connection: Connection, known: Mapping[str, Member], changed: Mapping[str, set[int]]
    ) -> None:
        """Note, in the transaction that changes them, whose hashes the files do not have."""
        for name, ids in changed.items():
            number = known[name].number
            connection.executemany(
                "INSERT OR IGNORE INTO pending (encoder, id) "
                "SELECT number, ? FROM encoders WHERE number = ? AND shard IS NOT NULL",
                [(key, number) for key in ids],
            )

    def apply(self, encoder: Member, ids: Collection[int]) -> None:
        """Bring changed hashes to the index if it is in memory."""
        held = self._held.get(encoder.spec.name)
        if held is None:
            return
        gone = np.fromiter(ids, np.int64, len(ids))
        rows: list[Any] = []
        for some in in_chunks(ids):
            marks = ",".join("?" * len(some))
            rows += self._catalogue.read(_both(encoder, f"WHERE id IN ({marks})"), [*some, *some])
        hashes, keys = _arrays(rows, encoder)
        indexes: list[HammingIndex | SegmentIndex] = [held.index, *held.segmented.values()]
        for index in indexes:
            index.replace(gone, hashes, keys)

    def forget(self) -> None:
        """Let go of indexes that may lack something; they are read again when next used."""
        self._held.clear()

    def optimize(self, encoder: Member) -> None:
        """Write the encoder's file if it lacks too much."""
        with self._catalogue.lock:
            if self._is_stale(encoder):
                held = self._current(encoder)
                # Reading it may have saved it.
                if self._is_stale(encoder):
                    self._save(encoder, held)

    def _is_stale(self, encoder: Member) -> bool:
        ((file, vectors, pending),) = self._catalogue.read(
            "SELECT shard, vectors, (SELECT count(*) FROM pending WHERE encoder = number) "
            "FROM encoders WHERE number = ?",
            (encoder.number,),
        )
        return _is_stale(file, vectors, pending)

    def rebuild(self, encoder: Member) -> None:
        """Throw the encoder's index away and make it again from the catalogue."""
        with self._catalogue.lock:
            self._held.pop(encoder.spec.name, None)
            self._adopt(encoder, None)
            self.optimize(encoder)

    def bytes_on_disk(self, encoder: Member) -> int:
        """Bytes of the encoder's file."""
        ((file,),) = self._catalogue.read(
            "SELECT shard FROM encoders WHERE number = ?", (encoder.number,)
        )
        path = None if file is None else self._folder / file
        return path.stat().st_size if path is not None and path.exists() else 0

    def _current(self, encoder: Member) -> _Held:
        """The encoder's hashes; a reader looks at those that have changed."""
        name = encoder.spec.name
        writes = self._catalogue.writes() if self._catalogue.read_only else 0
        held = self._held.get(name)
        if held is None or held.writes != writes:
            with self._catalogue.lock:
                held = self._held.get(name)
                if held is None or held.writes != writes:
                    held = self._held[name] = self._load(encoder, writes, held)
        return held

    def _load(self, encoder: Member, writes: int, old: _Held | None) -> _Held:
        for _ in range(_TRIES):
            # One statement, so that file and changes are of one moment.
            rows = self._catalogue.read(_CHANGES.format(number=encoder.number), (encoder.number,))
            file = rows[0][0]
            if file is None:
                break
            try:
                base = self._base(file, old)
            except LookalikeError as error:
                if self._named(encoder) != file:
                    continue  # replaced by the writer in between
                self._note_damage(encoder, file, error)
                break
            index = base.copy()
            changed = [row for row in rows if row[1] is not None]
            if changed:
                gone = np.array([row[1] for row in changed], np.int64)
                kept = [(row[1], blob) for row in changed for blob in row[2:] if blob is not None]
                index.replace(gone, *_arrays(kept, encoder))
            held = _Held(writes, index, file, base if self._catalogue.read_only else None)
            if not self._catalogue.read_only and _is_stale(file, len(base), len(changed)):
                self._save(encoder, held)
            return held
        chunks = self._catalogue.stream(_both(encoder), (), _ROWS)
        arrays = [_arrays(rows, encoder) for rows in chunks] or [_arrays([], encoder)]
        hashes, ids = map(np.concatenate, zip(*arrays, strict=True))
        index = HammingIndex.empty(encoder.spec.size)
        index.add(hashes, ids)
        held = _Held(writes, index)
        if not self._catalogue.read_only:
            self._adopt(encoder, None)
            if _is_stale(None, len(ids), 0):
                self._save(encoder, held)
        return held

    def _note_damage(self, encoder: Member, file: str, error: LookalikeError) -> None:
        notice = (
            f"The hashes of {encoder.spec.name} were read from the catalogue, for their file "
            f"cannot be used ({error})."
        )
        if self._catalogue.read_only:
            notice += " It is made again when the collection is next opened to be written."
        else:
            notice += " It is made again now."
        if notice not in self.notices:
            self.notices.append(notice)

    def _base(self, file: str, old: _Held | None) -> HammingIndex:
        if old is not None and old.base is not None and old.file == file:
            return old.base
        return HammingIndex.open(self._folder / file)

    def _named(self, encoder: Member) -> str | None:
        statement = "SELECT shard FROM encoders WHERE number = ?"
        ((name,),) = self._catalogue.read(statement, (encoder.number,))
        return None if name is None else str(name)

    def _save(self, encoder: Member, held: _Held) -> None:
        """Write the index, which lacks nothing, to a file; without room, go on without."""
        name = f"{encoder.number}-{secrets.token_hex(4)}.lkh"
        with contextlib.suppress(OSError, StoreError):
            self._folder.mkdir(exist_ok=True)
            need_room(self._folder, held.index.nbytes)
            held.index.save(self._folder / name)
            self._adopt(encoder, name)
            held.file = name

    def _adopt(self, encoder: Member, name: str | None) -> None:
        """Make this file, which lacks nothing, or none the encoder's; remove the one before."""
        if name is None and self._named(encoder) is None:
            return
        with self._catalogue.writing() as connection:
            connection.execute(
                "UPDATE encoders SET shard = ? WHERE number = ?", (name, encoder.number)
            )
            connection.execute("DELETE FROM pending WHERE encoder = ?", (encoder.number,))
        self.remove_strays()

    def remove_strays(self) -> None:
        """Remove files that an interrupted save left, or that were replaced."""
        used = {name for (name,) in self._catalogue.read("SELECT shard FROM encoders")}
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if path.name not in used:
                    with contextlib.suppress(OSError):
                        path.unlink()


_CHANGES = (
    "SELECT e.shard, p.id, v.vector, t.hash FROM encoders e "
    "LEFT JOIN pending p ON p.encoder = e.number "
    "LEFT JOIN vectors_{number} v ON v.id = p.id LEFT JOIN trimmed_{number} t ON t.id = p.id "
    "WHERE e.number = ?"
)


def _is_stale(file: str | None, rows: int, pending: int) -> bool:
    """Whether a file is to be written."""
    if file is None:
        return rows >= WORTH_A_FILE
    return pending > max(_MOST_PENDING, rows // _PENDING_SHARE)


def _both(encoder: Member, condition: str = "") -> str:
    """The statement that reads ids and hashes, whole and trimmed, in order of id."""
    return (
        f"SELECT id, vector FROM {encoder.table} {condition} UNION ALL "  # noqa: S608
        f"SELECT id, hash FROM {encoder.trimmed_table} {condition} ORDER BY 1"
    )


def _arrays(
    pairs: Sequence[tuple[int, Any]], encoder: Member
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    ids = np.fromiter((key for key, _ in pairs), np.int64, len(pairs))
    hashes = np.frombuffer(b"".join([blob for _, blob in pairs]), np.uint8)
    return hashes.reshape(len(pairs), encoder.spec.size // 8), ids
