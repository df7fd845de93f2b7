"""Which keys are looked up for a query, what that costs, and the rows that it leads to."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from math import comb, inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.hamming.layout import Words, bits_at

Whole = NDArray[Any]
"""Numbers ≥ 0 in the smallest type that holds them."""
Rows = NDArray[np.int64]
Blocks = tuple[tuple[int, int], ...]

MOST_LOOKUPS = 1 << 17
"""More are never made: a scan takes less time."""

LOOKUP_NS = 15.0
"""Nanoseconds of looking up a key; this and the next measured at 100 million hashes."""

CANDIDATE_NS = 6.0
"""Nanoseconds of comparing a candidate."""

_AT_ONCE = 1 << 15
_BATCH_NS = 5e5
_COUNTING = np.arange(_AT_ONCE * 2)


def thresholds(blocks: int, radius: int) -> tuple[int, ...]:
    """By how many bits each block may differ, −1 for one that need not be looked at."""
    each, more = divmod(radius - blocks + 1, blocks)
    return tuple(each + (block < more) for block in range(blocks))


@lru_cache(4096)
def cost(keys: tuple[int, ...], count: int, most: tuple[int, ...]) -> float:
    """Nanoseconds that looking up takes among `count` hashes where keys are evenly spread."""
    lookups = candidates = 0.0
    for key, bits in zip(keys, most, strict=True):
        some = sum(comb(key, each) for each in range(min(bits, key) + 1))
        lookups += some
        candidates += some * count / (1 << key)
    if lookups > MOST_LOOKUPS:
        return inf
    return lookups * LOOKUP_NS + candidates * CANDIDATE_NS


def batch_size(keys: tuple[int, ...], count: int, most: tuple[int, ...]) -> int:
    """How many queries are asked at once: more would not stay in the processor's caches."""
    return max(1, int(_BATCH_NS / max(cost(keys, count, most), 1.0)))


@cache
def keys_within(width: int, most: int) -> Rows:
    """All numbers of `width` bits of which at most `most` are set."""
    levels = [np.zeros(1, np.int64)]
    for _ in range(most):
        last = levels[-1]
        more = [last[last < 1 << bit] | 1 << bit for bit in range(width)]
        levels.append(np.concatenate(more))
    return np.concatenate(levels)


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """The lookups of one query: one entry for each table and key near the query's."""

    own_starts: NDArray[np.uint64]
    own_widths: NDArray[np.uint64]
    """Of the tables that are looked into: where the block begins, and the width of the key."""
    sizes: Rows
    """How many of the lookups are theirs."""
    last: Rows
    """Which of the lookups is the last of theirs."""
    near: Rows
    """What the query's key is XORed with."""
    bases: Rows
    """Where the table's keys begin among those of all."""
    starts: NDArray[np.uint64]
    widths: NDArray[np.uint64]
    """The same for each lookup."""


@cache
def _plan(blocks: Blocks, keys: tuple[int, ...], most: tuple[int, ...]) -> _Plan:
    asked = [table for table, bits in enumerate(most) if bits >= 0]
    near = [keys_within(keys[table], min(most[table], keys[table])) for table in asked]
    sizes = np.array([len(some) for some in near])
    bases = np.cumsum([0, *(1 << key for key in keys)])
    starts = np.array([blocks[table][0] for table in asked], np.uint64)
    widths = np.array([keys[table] for table in asked], np.uint64)
    return _Plan(
        starts,
        widths,
        sizes,
        np.cumsum(sizes) - 1,
        np.concatenate(near),
        np.repeat(bases[asked], sizes),
        np.repeat(starts, sizes),
        np.repeat(widths, sizes),
    )


class Asked:
    """The lookups of some queries, query after query."""

    def __init__(
        self, blocks: Blocks, keys: tuple[int, ...], queries: Words, most: tuple[int, ...]
    ) -> None:
        plan = _plan(blocks, keys, most)
        if queries.shape[1] == 1:
            # A shift by 64 is not defined: twice by less is.
            turned = queries << plan.own_starts
            turned |= queries >> (np.uint64(63) - plan.own_starts) >> np.uint64(1)
        else:
            starts = plan.own_starts.tolist()
            turned = np.stack([bits_at(queries, start, 64) for start in starts], axis=1)
        own = (turned >> (np.uint64(64) - plan.own_widths)).astype(np.int64)
        self.plan = plan
        self.words = queries
        self.keys = np.repeat(own, plan.sizes, axis=1) ^ plan.near
        self.places = (self.keys + plan.bases).ravel()
        self._sketches = turned.astype(np.uint32).ravel()

    def split(self, lookups: Rows) -> tuple[Rows, Rows]:
        """The query of each lookup, and which of the query's lookups it is."""
        if len(self.words) == 1:
            return np.zeros(len(lookups), np.int64), lookups
        query, lookup = np.divmod(lookups, len(self.plan.near))
        return query, lookup

    def sketches(self, ends: Rows, start: int, stop: int) -> NDArray[np.uint32]:
        """The 32 last bits of the query's word, turned, for candidates by number.

        Args:
            ends: (lookups,) how many candidates there are up to each.
            start: the first candidate.
            stop: the one after the last.
        """
        each = ends.reshape(len(self.words), -1).take(self.plan.last, axis=1).ravel()
        each = each.clip(start, stop)
        each[1:] -= each[:-1].copy()
        each[0] -= start
        return np.repeat(self._sketches, each)


def slots_of(begin: Whole, counts: Whole, ends: Rows) -> Iterator[tuple[int, Rows]]:
    """The rows that lookups lead to, so many at a time as stay in the processor's caches.

    Yields how many came before, and the rows.

    Args:
        begin: (lookups,) the first row of each.
        counts: how many rows each has.
        ends: their sums.
    """
    before = begin - (ends - counts)
    total = int(ends[-1])
    bounds = [0, len(counts)]
    if total > _AT_ONCE:
        cuts = np.searchsorted(ends, np.arange(_AT_ONCE, total, _AT_ONCE), "right")
        bounds = np.unique([0, *cuts.tolist(), len(counts)]).tolist()
    for first, last in pairwise(bounds):
        start = int(ends[first - 1]) if first else 0
        slots: Rows = np.repeat(before[first:last], counts[first:last])
        if len(slots) <= len(_COUNTING):
            slots += _COUNTING[: len(slots)]
            slots += start
        else:
            slots += np.arange(start, start + len(slots))
        yield start, slots


def lookups_of(ends: Rows, candidates: Rows) -> Rows:
    """The lookup that led to each candidate, by the candidates' numbers."""
    return np.searchsorted(ends, candidates, "right")
