"""The index: hashes with ids, searched exactly within a radius."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import UsageError
from lookalike.hamming import file, join
from lookalike.hamming.layout import Hashes, Layout, Words, spread, width_of
from lookalike.hamming.levels import Found, Keep, collect
from lookalike.hamming.part import Answer, Ids, OwnCheck, Part, Slice
from lookalike.hamming.state import FreshAnswer, State

Check = Callable[[Words, Words], NDArray[np.bool_]]
"""Says of a (words,) query which of (n, words) hashes count."""


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
        self._state = State.of(layout, tuple(parts))

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
        return len(self._state)

    @property
    def nbytes(self) -> int:
        """Bytes of memory, or of a mapped file, that it takes."""
        return sum(array.nbytes for array in self._state.arrays())

    def copy(self) -> "HammingIndex":
        """Another index with the same hashes, at no cost; changes to one are not in the other."""
        index = HammingIndex(self._layout)
        index._state = self._state.copy()
        return index

    def rows(self) -> tuple[Hashes, Ids]:
        """All (n, bits/8) hashes and (n,) ids, in no order."""
        words, ids = self._state.rows()
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
        found = []
        for number, query in enumerate(words):
            of_parts = [some[number] for some in answers]
            own = None if check is None else partial(check, query)
            fresh = FreshAnswer(state, query, radius)

            def slices_at(
                level: int,
                of_parts: list[Answer] = of_parts,
                fresh: FreshAnswer = fresh,
                own: OwnCheck | None = own,
            ) -> list[Slice]:
                slices = fresh.slices(level, own)
                for answer in of_parts:
                    slices += answer.slices(level, own)
                return slices

            levels = set(fresh.levels).union(*(one.levels(radius) for one in of_parts))
            found.append(collect(slices_at, sorted(levels), limit, keep, state.repeats))
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
        words, ids = self._checked(hashes, ids)
        with self._lock:
            self._state = self._state.adding(words, ids)

    def remove(self, ids: Ids) -> None:
        """Forget all hashes of these ids; those not there are passed over.

        Raises:
            UsageError: the ids are no integers.
        """
        wanted = np.unique(_checked_ids(ids))
        with self._lock:
            self._state = self._state.without(wanted)

    def replace(self, gone: Ids, hashes: Hashes, ids: Ids) -> None:
        """Remove ids and add hashes in one step: no search sees the one without the other.

        Raises:
            UsageError: as `add` and `remove`.
        """
        wanted = np.unique(_checked_ids(gone))
        words, ids = self._checked(hashes, ids)
        with self._lock:
            self._state = self._state.without(wanted).adding(words, ids)

    def _checked(self, hashes: Hashes, ids: Ids) -> tuple[Words, Ids]:
        words = self._layout.words_of(self._layout.checked(hashes))
        ids = _checked_ids(ids)
        if len(ids) != len(words):
            raise UsageError(f"There are {len(words)} hashes and {len(ids)} ids: give one each.")
        return words, ids

    def _whole(self) -> Part | None:
        """Everything in one part, which is kept; None when there is nothing."""
        with self._lock:
            self._state = self._state.merged()
            return self._state.parts[0] if self._state.parts else None


def _checked_ids(ids: Ids) -> Ids:
    ids = np.asarray(ids)
    if ids.ndim != 1 or (ids.dtype.kind not in "iu" and len(ids)):
        raise UsageError(f"Ids are (n,) integers, not {ids.dtype} of shape {ids.shape}.")
    return ids.astype(np.int64)
