"""All pairs of near hashes within one part: each hash with those whose keys are near its own.

The same pigeonhole principle as in `tables`, with keys of another width: of one mask after the
other, every key is joined with the one that differs from it by the mask.

Hashes of which very many have the same key would be compared one by one. Such crowds are joined by
themselves, by keys of the bits in which they differ.
"""

from collections.abc import Iterator, Sequence
from math import comb, inf

import numpy as np
from numpy.typing import NDArray

from lookalike.hamming.layout import Words, balanced, bits_at, cut, dealt, distances
from lookalike.hamming.lookups import Blocks, Rows, keys_within, thresholds
from lookalike.hamming.part import Ids, Part

Pairs = tuple[Ids, Ids, NDArray[np.uint16]]
"""(n,) ids a, (n,) ids b, a < b, and their (n,) distances in bits."""

Plan = Sequence[tuple[int, int, int]]
"""(start, width, threshold) of the key of each table."""

_CHUNK = 1 << 19
_RUNS = 1 << 16
_ROW_NS = 6.0
_PAIR_NS = 6.0
"""Nanoseconds of looking up one key, and of comparing two hashes."""

_CROWD = 2048
"""Hashes with one key from which on they may be a crowd."""
_CROWD_PAIRS = 20_000_000
"""Pairs within crowds from which on it is worth it to join them by other keys."""
_DEPTH = 3
"""How often crowds of crowds are joined by other keys, before all are compared."""


def pairs(part: Part, radius: int) -> Iterator[Pairs]:
    """Pairs as `HammingIndex.pairs` says, of a part of which nothing is gone."""
    yield from _equal(part)
    if radius:
        words = part.tables.all_words()
        first, _ = part.spans(np.arange(len(words)))
        _, plan = _plan(part.tables.layout.blocks, len(words), radius)
        for a, b in _near(words, radius, plan, _DEPTH):
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


def _near(words: Words, radius: int, plan: Plan, depth: int) -> Iterator[tuple[Rows, Rows]]:
    """The numbers of two different hashes within `radius` bits, each pair once."""
    for table, (start, width, most) in enumerate(plan):
        taken = bits_at(words, start, width) if width else np.zeros(len(words), np.uint64)
        order = np.argsort(taken)
        keys, own = taken[order].astype(np.int64), words[order]
        counts = np.bincount(keys, minlength=1 << width)
        crowded = _crowded(counts) if depth else np.zeros(len(counts), np.bool_)
        offsets = np.concatenate([[0], np.cumsum(counts)])
        for rows, begin, counts in _partners(keys, offsets, crowded, width, most):
            for number, place in _numbered(counts):
                a, b = _compared(own, rows[number], begin[number] + place, radius)
                new = ~_met(own[a] ^ own[b], plan[:table])
                if new.any():
                    yield order[a[new]], order[b[new]]
        rows = order[crowded[keys]]
        for a, b in _among_crowds(words[rows], radius, depth - 1) if len(rows) else ():
            differ = words[rows[a]] ^ words[rows[b]]
            new = _met(differ, plan[table : table + 1]) & ~_met(differ, plan[:table])
            if new.any():
                yield rows[a[new]], rows[b[new]]


def _crowded(counts: Rows) -> NDArray[np.bool_]:
    """Which keys, by how many hashes have each, have a crowd; none where there are few pairs."""
    crowded = counts >= _CROWD
    if (counts[crowded] ** 2).sum() < 2 * _CROWD_PAIRS:
        crowded[:] = False
    return crowded


def _among_crowds(words: Words, radius: int, depth: int) -> Iterator[tuple[Rows, Rows]]:
    """As `_near`, by keys of those bits that differ most often, however many blocks are best."""
    order = balanced(words)
    best: tuple[float, Plan, int] = (inf, [], 0)
    for count in range(1, len(order) // 4 + 1):
        widths = [len(order[block::count]) for block in range(count)]
        cost, plan = _plan(cut(widths), len(words), radius)
        best = min(best, (cost, plan, count), key=lambda one: one[0])
    _, plan, count = best
    if not count:
        count, (_, plan) = 1, _plan(((0, 0),), len(words), radius)
    yield from _near(dealt(words, order, count), radius, plan, depth)


def _partners(
    keys: Rows, offsets: Rows, crowded: NDArray[np.bool_], width: int, most: int
) -> Iterator[tuple[Rows, Rows, Rows]]:
    """Rows, and where the rows begin, and how many they are, that each is to be compared with.

    Two that are both of crowds are not compared.
    """
    rows = np.flatnonzero(~crowded[keys])
    yield rows, rows + 1, offsets[keys[rows] + 1] - rows - 1
    masks = keys_within(width, most)[1:]
    any_crowd = bool(crowded.any())
    for bit in range(width):
        own = masks[(masks >> bit) == 1]
        if not len(own):
            continue
        # Only from the key in which the mask's highest bit is not set, so that each pair is met
        # once.
        rows = np.flatnonzero((keys >> bit & 1) == 0)
        low = keys[rows]
        of_crowd = crowded[low]
        for mask in own.tolist():
            other = low ^ mask
            begin = offsets.take(other)
            counts = offsets.take(other + 1) - begin
            if any_crowd:
                counts[of_crowd & crowded.take(other)] = 0
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


def _met(differ: Words, plan: Plan) -> NDArray[np.bool_]:
    """Which pairs, by the bits in which they differ, some of the tables meet."""
    met = np.zeros(len(differ), np.bool_)
    for start, width, most in plan:
        met |= np.bitwise_count(bits_at(differ, start, width)) <= most if width else True
    return met


def _plan(blocks: Blocks, count: int, radius: int) -> tuple[float, Plan]:
    """Nanoseconds, and the keys that take the least; of no bits for one by one."""
    best: Plan = [(0, 0, 0)]
    least = count * count / 2 * _PAIR_NS
    for size in range(4, 27):
        plan = [
            (start, min(size, width), most)
            for (start, width), most in zip(blocks, thresholds(len(blocks), radius), strict=True)
            if most >= 0
        ]
        cost = sum(_cost(count, width, most) for _, width, most in plan)
        if cost < least:
            best, least = plan, cost
    return least, best


def _cost(count: int, width: int, most: int) -> float:
    if most >= width:
        return inf
    masks = sum(comb(width, bits) for bits in range(most + 1))
    pairs = count * count / 2 / (1 << width)
    return masks * (count / 2 * _ROW_NS + pairs * _PAIR_NS) + (1 << width) * _ROW_NS
