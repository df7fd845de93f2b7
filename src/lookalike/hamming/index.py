"""The index: hashes with ids, searched exactly within a radius."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import UsageError
from lookalike.hamming import file, join
from lookalike.hamming.layout import Hashes, Layout, Words, distances, spread, width_of
from lookalike.hamming.levels import Found, Keep, collect
from lookalike.hamming.part import Answer, Ids, OwnCheck, Part, Slice, among

FRESH = 1 << 15
"""Rows that are kept apart, and compared one by one, before they become a part with tables."""

Check = Callable[[Words, Words], NDArray[np.bool_]]
"""Says of a (words,) query which of (n, words) hashes count."""


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """What a search works on; a change replaces it, or writes behind `length`."""

    parts: tuple[Part, ...]
    words: Words
    ids: Ids
    length: int


class HammingIndex:
    """Hashes of one width, 8 to 256 bits, with int64 ids; an id may have several hashes.

    Any number of threads may search while one changes the index: a search sees all of a change
    or nothing. What is added stands apart until it is worth a part with tables of its own; parts
    are merged when the last has grown to half of the one before, so that there are few.
    """

    def __init__(self, layout: Layout, parts: Sequence[Part] = ()) -> None:
        """Use `build`, `empty` or `open`."""
        self._layout = layout
        self._lock = threading.RLock()
        self._state = _State(tuple(parts), *_nothing(layout), 0)

    @classmethod
    def build(cls, hashes: Hashes, ids: Ids | None = None) -> "HammingIndex":
        """An index of (n, bits/8) uint8 hashes; without (n,) ids they are numbered from 0.

        Raises:
            UsageError: the hashes have no such width, or the ids another length or type.
        """
        index = cls.empty(width_of(hashes))
        index.add(hashes, np.arange(len(hashes), dtype=np.int64) if ids is None else ids)
        return index

    @classmethod
    def empty(cls, bits: int) -> "HammingIndex":
        """An index of hashes of `bits`, a multiple of 8 from 8 to 256, without any.

        Raises:
            UsageError: there are no hashes of that width.
        """
        if bits % 8:
            raise UsageError(f"Hashes have a multiple of 8 bits, not {bits}.")
        return cls(spread(width_of(np.empty((0, bits // 8), np.uint8))))

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, check: bool = True) -> "HammingIndex":
        """The index in a file, mapped into memory; changes stay in memory until `save`.

        Args:
            path: written by `save`.
            check: read all of it and compare its checksum; without, only its size and header.

        Raises:
            NotFoundError: there is no such file.
            StoreError: it is no such file, of a newer version, or damaged.
        """
        layout, part = file.read(path, check=check)
        return cls(layout, () if part is None else (part,))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to a file, which is there whole or not at all.

        Raises:
            StoreError: it cannot be written.
        """
        file.write(path, self._layout, self._whole())

    @property
    def bits(self) -> int:
        """Bits of a hash."""
        return self._layout.bits

    def __len__(self) -> int:
        """How many hashes there are."""
        state = self._state
        alive = (int(part.alive().sum()) if len(part.gone) else len(part) for part in state.parts)
        return sum(alive) + state.length

    @property
    def nbytes(self) -> int:
        """Bytes of memory, or of a mapped file, that it takes."""
        state = self._state
        own = sum(array.nbytes for part in state.parts for array in part.arrays())
        return own + state.words.nbytes + state.ids.nbytes

    def copy(self) -> "HammingIndex":
        """Another index with the same hashes, at no cost; changes to one are not in the other."""
        state = self._state
        index = HammingIndex(self._layout, state.parts)
        words, ids = state.words[: state.length], state.ids[: state.length]
        index._state = _State(state.parts, words, ids, state.length)
        return index

    def rows(self) -> tuple[Hashes, Ids]:
        """All (n, bits/8) hashes and (n,) ids, in no order."""
        state = self._state
        rows = [part.rows() for part in state.parts]
        words = np.concatenate([state.words[: state.length], *(some for some, _ in rows)])
        ids = np.concatenate([state.ids[: state.length], *(some for _, some in rows)])
        return self._layout.hashes_of(words), ids

    # Searching

    def within(
        self, query: Hashes, radius: int, *, limit: int | None = None, keep: Keep | None = None
    ) -> Found:
        """The ids that have a hash within `radius` bits, nearest first, ties by id, each id once.

        Args:
            query: (bits/8,) uint8.
            radius: bits, ≥ 0.
            limit: how many at most; None for all.
            keep: says of (n,) int64 ids which may be in the answer; asked again and again, nearest
                ids first, until there are enough.

        Raises:
            UsageError: the query has another shape or type, or a number is negative.
        """
        return self.within_many(np.asarray(query)[None], radius, limit=limit, keep=keep)[0]

    def within_many(
        self,
        queries: Hashes,
        radius: int,
        *,
        limit: int | None = None,
        keep: Keep | None = None,
    ) -> list[Found]:
        """What `within` answers to each of (q, bits/8) queries, faster than one by one."""
        return self.search(queries, radius, limit, keep)

    def search(
        self,
        queries: Hashes,
        radius: int,
        limit: int | None = None,
        keep: Keep | None = None,
        *,
        thresholds: tuple[int, ...] | None = None,
        check: Check | None = None,
    ) -> list[Found]:
        """As `within_many`, looked up in a way of the caller's own.

        Args:
            queries: (q, bits/8) uint8.
            radius: bits, ≥ 0.
            limit: how many at most; None for all.
            keep: says of ids which may be in the answer.
            thresholds: by how many bits each block of the layout may differ at most; given with
                a `check` that nothing passes which differs by more in every block.
            check: says of hashes, as words of the layout, which count.
        """
        words = self._layout.words_of(self._layout.checked(queries))
        if radius < 0 or (limit is not None and limit < 0):
            raise UsageError(f"Radius and limit are not negative, got {radius} and {limit}.")
        radius = min(int(radius), self.bits)
        state = self._state
        few = limit is not None
        answers = [part.answers(words, radius, thresholds, few=few) for part in state.parts]
        repeats = _repeats(state)
        found = []
        for number, query in enumerate(words):
            of_parts = [some[number] for some in answers]
            own = None if check is None else partial(check, query)
            fresh = _Fresh(state, query, radius)

            def slices_at(
                level: int,
                of_parts: list[Answer] = of_parts,
                fresh: "_Fresh" = fresh,
                own: OwnCheck | None = own,
            ) -> list[Slice]:
                slices = fresh.slices(level, own)
                for answer in of_parts:
                    slices += answer.slices(level, own)
                return slices

            levels = set(fresh.levels).union(*(one.levels(radius) for one in of_parts))
            found.append(collect(slices_at, sorted(levels), limit, keep, repeats))
        return found

    def pairs(self, radius: int) -> Iterator[join.Pairs]:
        """Pairs of ids a < b whose hashes are within `radius` bits, in chunks, in no order.

        Each chunk is (n,) int64 a, (n,) int64 b and their (n,) uint16 distances. Of equal hashes
        only the smallest id is paired with the others, and only that one with the ids of other
        hashes, so that a million equal hashes give a million pairs; groups made by joining pairs
        are those that all pairs would give. A pair comes again where its ids have several hashes.

        Raises:
            UsageError: the radius is negative.
        """
        if radius < 0:
            raise UsageError(f"The radius is not negative, got {radius}.")
        whole = self._whole()
        return iter(()) if whole is None else join.pairs(whole, min(int(radius), self.bits))

    # Changing

    def add(self, hashes: Hashes, ids: Ids) -> None:
        """Add hashes; an id that is there gets one more. Now and then, parts are merged.

        Raises:
            UsageError: the hashes have another width or type, or the ids another length or type.
        """
        words = self._layout.words_of(self._layout.checked(hashes))
        ids = _checked_ids(ids)
        if len(ids) != len(words):
            raise UsageError(f"There are {len(words)} hashes and {len(ids)} ids: give one each.")
        with self._lock:
            state = self._state
            if state.length + len(ids) <= FRESH:
                self._state = _appended(state, words, ids)
                return
            if state.length:
                words = np.concatenate([state.words[: state.length], words])
                ids = np.concatenate([state.ids[: state.length], ids])
            part = Part.build(self._layout, words, ids)
            del words, ids
            parts = _merged(self._layout, [*state.parts, part])
            self._state = _State(tuple(parts), *_nothing(self._layout), 0)

    def remove(self, ids: Ids) -> None:
        """Forget all hashes of these ids; those not there are passed over.

        Raises:
            UsageError: the ids are no integers.
        """
        wanted = np.unique(_checked_ids(ids))
        with self._lock:
            state = self._state
            parts = [part.without(wanted) for part in state.parts]
            parts = [
                cleaned for part in parts if (cleaned := _cleaned(self._layout, part)) is not None
            ]
            kept = ~among(state.ids[: state.length], wanted)
            words, left = state.words[: state.length][kept], state.ids[: state.length][kept]
            self._state = _State(tuple(parts), words, left, len(left))

    def _whole(self) -> Part | None:
        """Everything in one part, which is kept; None when there is nothing."""
        with self._lock:
            state = self._state
            if len(state.parts) == 1 and not state.length and not len(state.parts[0].gone):
                return state.parts[0]
            rows = [part.rows() for part in state.parts]
            words = np.concatenate([state.words[: state.length], *(some for some, _ in rows)])
            ids = np.concatenate([state.ids[: state.length], *(some for _, some in rows)])
            del rows
            whole = Part.build(self._layout, words, ids) if len(ids) else None
            parts = () if whole is None else (whole,)
            self._state = _State(parts, *_nothing(self._layout), 0)
            return whole


class _Fresh:
    """The rows that stand apart, compared with one query."""

    def __init__(self, state: _State, query: Words, radius: int) -> None:
        self._words = state.words[: state.length]
        bits = distances(self._words, query[None])
        self._rows = np.flatnonzero(bits <= radius)
        self._bits = bits[self._rows]
        self._ids = state.ids
        self.levels = np.unique(self._bits).tolist()
        """The distances at which there are any."""

    def slices(self, level: int, check: OwnCheck | None) -> list[Slice]:
        """Their ids at a distance."""
        rows = self._rows[self._bits == level]
        if check is not None and len(rows):
            rows = rows[check(self._words[rows])]
        return [(np.sort(self._ids[rows]), _NONE)] if len(rows) else []


_NONE = np.empty(0, np.int64)


def _nothing(layout: Layout) -> tuple[Words, Ids]:
    return np.empty((0, layout.words), np.uint64), np.empty(0, np.int64)


def _checked_ids(ids: Ids) -> Ids:
    ids = np.asarray(ids)
    if ids.ndim != 1 or (ids.dtype.kind not in "iu" and len(ids)):
        raise UsageError(f"Ids are (n,) integers, not {ids.dtype} of shape {ids.shape}.")
    return ids.astype(np.int64)


def _appended(state: _State, words: Words, ids: Ids) -> _State:
    end = state.length + len(ids)
    old_words, old_ids = state.words, state.ids
    if end > len(old_ids):
        room = min(max(end * 3 // 2, 1024), FRESH) - state.length
        blank = np.empty((room, words.shape[1]), np.uint64)
        old_words = np.concatenate([old_words[: state.length], blank])
        old_ids = np.concatenate([old_ids[: state.length], np.empty(room, np.int64)])
    old_words[state.length : end] = words
    old_ids[state.length : end] = ids
    return _State(state.parts, old_words, old_ids, end)


def _merged(layout: Layout, parts: list[Part]) -> list[Part]:
    while len(parts) > 1 and len(parts[-1]) * 2 >= len(parts[-2]):
        rows = [parts.pop().rows(), parts.pop().rows()]
        words = np.concatenate([some for some, _ in rows])
        ids = np.concatenate([some for _, some in rows])
        del rows
        if len(ids):
            parts.append(Part.build(layout, words, ids))
    return parts


def _cleaned(layout: Layout, part: Part) -> Part | None:
    """The part, built again when much of it is gone; None when all is."""
    if len(part.gone) <= max(FRESH, len(part) // 4):
        return part
    words, ids = part.rows()
    return Part.build(layout, words, ids) if len(ids) else None


def _repeats(state: _State) -> bool:
    """Whether an id may come more than once."""
    if any(part.repeats for part in state.parts):
        return True
    spans = sorted((part.low, part.high) for part in state.parts)
    if any(high >= low for (_, high), (low, _) in pairwise(spans)):
        return True
    fresh = state.ids[: state.length]
    if not len(fresh):
        return False
    if not bool((fresh[1:] > fresh[:-1]).all()):
        return True
    return bool(spans) and int(fresh[0]) <= max(high for _, high in spans)
