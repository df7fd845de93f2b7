"""All pairs of near hashes within one part: each hash with those whose keys are near its own.

The same pigeonhole principle as in `tables`, with keys of another width: of one mask after the
other, every key is joined with the one that differs from it by the mask.
"""

from collections.abc import Iterator, Sequence
from math import comb, inf

import numpy as np
from numpy.typing import NDArray

from lookalike.hamming.layout import Layout, Words, bits_at, distances
from lookalike.hamming.lookups import Rows, keys_within, thresholds
from lookalike.hamming.part import Ids, Part

Pairs = tuple[Ids, Ids, NDArray[np.uint16]]
"""(n,) ids a, (n,) ids b, a < b, and their (n,) distances in bits."""

_CHUNK = 1 << 19
_RUNS = 1 << 16
_ROW_NS = 6.0
_PAIR_NS = 6.0
"""Nanoseconds of looking up one key, and of comparing two hashes."""


def pairs(part: Part, radius: int) -> Iterator[Pairs]:
    """Pairs as `HammingIndex.pairs` says, of a part of which nothing is gone."""
    yield from _equal(part)
    if radius:
        words = part.tables.all_words()
        first, _ = part.spans(np.arange(len(words)))
        for a, b in _near(part.tables.layout, words, radius):
            yield _named(part, first[a], first[b], distances(words[a], words[b]))


def _named(part: Part, a: Rows, b: Rows, bits: NDArray[np.uint16]) -> Pairs:
    """Pairs of rows as pairs of ids."""
    one, other = part.ids[a].astype(np.int64), part.ids[b].astype(np.int64)
    apart = one != other
    return np.minimum(one, other)[apart], np.maximum(one, other)[apart], bits[apart]


def _equal(part: Part) -> Iterator[Pairs]:
    """The first row of each hash that several rows have, with the others."""
    for start in range(0, len(part.long), _RUNS):
        begin, end = part.spans(part.long[start : start + _RUNS])
        for run, place in _numbered(end - begin - 1):
            a = begin[run]
            yield _named(part, a, a + 1 + place, np.zeros(len(a), np.uint16))


def _numbered(counts: Rows) -> Iterator[tuple[Rows, Rows]]:
    """For each count its number, so many times, with 0, 1, ... below it; in chunks."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    cuts = np.searchsorted(ends, np.arange(_CHUNK, total, _CHUNK), "right")
    bounds = np.unique(np.concatenate([[0], cuts, [len(counts)]]))
    for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        some = counts[low:high]
        number = np.repeat(np.arange(low, high), some)
        before = np.cumsum(some) - some
        yield number, np.arange(len(number)) - np.repeat(before, some)


def _near(layout: Layout, words: Words, radius: int) -> Iterator[tuple[Rows, Rows]]:
    """The numbers of two different hashes within `radius` bits, each pair once."""
    plan = _plan(layout, len(words), radius)
    for table, (start, width, most) in enumerate(plan):
        taken = bits_at(words, start, width) if width else np.zeros(len(words), np.uint64)
        order = np.argsort(taken)
        keys, own = taken[order].astype(np.int64), words[order]
        counts = np.bincount(keys, minlength=1 << width)
        offsets = np.concatenate([[0], np.cumsum(counts)])
        for rows, begin, counts in _partners(keys, offsets, width, most):
            for number, place in _numbered(counts):
                a, b = _compared(own, rows[number], begin[number] + place, radius)
                new = ~_found_before(own[a] ^ own[b], plan[:table])
                if new.any():
                    yield order[a[new]], order[b[new]]


def _partners(
    keys: Rows, offsets: Rows, width: int, most: int
) -> Iterator[tuple[Rows, Rows, Rows]]:
    """Rows, and where the rows begin, and how many they are, that each is to be compared with."""
    rows = np.arange(len(keys))
    end = offsets[keys + 1]
    yield rows, rows + 1, end - rows - 1
    masks = keys_within(width, most)[1:]
    for bit in range(width):
        own = masks[(masks >> bit) == 1]
        if not len(own):
            continue
        # Only from the key in which the mask's highest bit is not set, so that each pair is met
        # once.
        rows = np.flatnonzero((keys >> bit & 1) == 0)
        low = keys[rows]
        for mask in own.tolist():
            other = low ^ mask
            begin = offsets.take(other)
            counts = offsets.take(other + 1) - begin
            some = np.flatnonzero(counts)
            yield rows[some], begin[some], counts[some]


def _compared(words: Words, a: Rows, b: Rows, radius: int) -> tuple[Rows, Rows]:
    """Those of the pairs that are within the radius."""
    bits: NDArray[np.uint16] | None = None
    for column in words.T:
        more = np.bitwise_count(column.take(a) ^ column.take(b))
        bits = more if bits is None else bits + more
        kept = np.flatnonzero(bits <= radius)
        a, b, bits = a[kept], b[kept], bits[kept].astype(np.uint16)
    return a, b


def _found_before(differ: Words, plan: Sequence[tuple[int, int, int]]) -> NDArray[np.bool_]:
    """Which pairs, by the bits in which they differ, another table has met already."""
    met = np.zeros(len(differ), np.bool_)
    for start, width, most in plan:
        met |= np.bitwise_count(bits_at(differ, start, width)) <= most
    return met


def _plan(layout: Layout, count: int, radius: int) -> list[tuple[int, int, int]]:
    """(start, width, threshold) of the keys that take the least time; of no bits for one by one."""
    best, least = [(0, 0, 0)], count * count / 2 * _PAIR_NS
    for size in range(4, 27):
        plan = [
            (start, min(size, width), most)
            for (start, width), most in zip(
                layout.blocks, thresholds(len(layout.blocks), radius), strict=True
            )
            if most >= 0
        ]
        cost = sum(_cost(count, width, most) for _, width, most in plan)
        if cost < least:
            best, least = plan, cost
    return best


def _cost(count: int, width: int, most: int) -> float:
    if most >= width:
        return inf
    masks = sum(comb(width, bits) for bits in range(most + 1))
    pairs = count * count / 2 / (1 << width)
    return masks * (count / 2 * _ROW_NS + pairs * _PAIR_NS) + (1 << width) * _ROW_NS
