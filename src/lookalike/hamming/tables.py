"""Sorted tables of distinct hashes, in which what is near a query is looked up.

By the pigeonhole principle, as in multi-index hashing (Norouzi, Punjani and Fleet, 2012): where
Σ (tᵢ + 1) > r, two hashes within r bits differ by at most tᵢ bits in some block i. Each block has a
table sorted by a key, its first bits; the keys within tᵢ of the query's lead to the candidates.

A narrow hash (64 bits or fewer) stands in every table without its key, so candidates lie side by
side in memory; only what is found is looked up in the first table, whose order is the hashes'.
Of wide hashes the tables hold row numbers.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.hamming.layout import NARROW, Layout, Words, bits_at, distances
from lookalike.hamming.lookups import CANDIDATE_NS, Asked, Rows, Whole, lookups_of, slots_of

Bits = NDArray[np.uint16]

_SCAN_ROWS = 1 << 16

_SCAN_NS = 1.2
"""Nanoseconds of comparing one word of a hash after the other."""


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """n distinct hashes in ascending order of their words, found by the keys of M blocks.

    `offsets` says where the rows of each key begin, table after table: rows of table j are
    counted from j·n. Narrow: `sketch` and `high` are (M·n,), the 32 last bits of the word turned
    so that the block is first, and those between key and sketch. Wide: `rows` is ((M − 1)·n,),
    the number of the hash, of all tables but the first, and `words` is (n, words).
    """

    layout: Layout
    count: int
    keys: tuple[int, ...]
    offsets: Whole
    sketch: NDArray[np.uint32]
    high: Whole
    rows: Whole
    words: Words

    @staticmethod
    def build(layout: Layout, words: Words) -> "Tables":
        """Tables of (n, words) distinct hashes in ascending order."""
        count, blocks = len(words), layout.blocks
        keys = tuple(min(width, max(16, count.bit_length() - 2)) for _, width in blocks)
        narrow = layout.bits <= NARROW
        whole = np.uint32 if len(blocks) * count < 2**32 else np.uint64
        rest = np.uint16 if min(keys) >= 16 else np.uint32
        many = len(blocks) * count
        sketch = np.empty(many if narrow else 0, np.uint32)
        high = np.empty(many if narrow else 0, rest)
        rows = np.empty(0 if narrow else many - count, np.uint32 if count < 2**32 else np.uint64)
        offsets = np.empty(sum(1 << key for key in keys) + 1, whole)
        place = 0
        for table, ((start, _), key) in enumerate(zip(blocks, keys, strict=True)):
            own = slice(table * count, table * count + count)
            if narrow:
                turned = bits_at(words, start, 64)
                if table:
                    turned.sort()
                sketch[own] = turned.astype(np.uint32)
                high[own] = turned >> np.uint64(32) & np.uint64((1 << 32 - key) - 1)
                sorted_keys = turned >> np.uint64(64 - key)
            else:
                sorted_keys = bits_at(words, start, key)
                if table:
                    order = np.argsort(sorted_keys.astype(np.uint32), kind="stable")
                    rows[own.start - count : own.stop - count] = order
                    sorted_keys = sorted_keys[order]
            counts = np.bincount(sorted_keys.view(np.int64), minlength=1 << key)
            offsets[place : place + len(counts)] = np.cumsum(counts) - counts + own.start
            place += len(counts)
        offsets[-1] = many
        kept = np.empty((0, layout.words), np.uint64) if narrow else words
        return Tables(layout, count, keys, offsets, sketch, high, rows, kept)

    @property
    def narrow(self) -> bool:
        """Whether a hash is one word."""
        return self.layout.bits <= NARROW

    @property
    def scan_cost(self) -> float:
        """Nanoseconds that comparing every hash takes."""
        return self.count * _SCAN_NS * self.layout.words

    def within(
        self, queries: Words, radius: int, most: tuple[int, ...]
    ) -> tuple[Rows, Rows, Bits] | None:
        """What is within `radius` bits of (q, words) queries, by lookups.

        Args:
            queries: of the layout.
            radius: bits.
            most: by how many bits the key of each block may differ, see `thresholds`.

        Returns:
            The query's and the hash's number and their distance, in order of those, each once;
            None where there are more candidates than a scan would have.
        """
        asked = Asked(self.layout.blocks, self.keys, queries, most)
        begin = self.offsets.take(asked.places)
        counts = self.offsets.take(asked.places + 1) - begin
        if counts.sum() * CANDIDATE_NS > self.scan_cost * len(queries) + 1e5:
            return None
        ends = np.cumsum(counts, dtype=np.int64)
        if self.narrow:
            query, row, bits = self._by_sketch(asked, begin, counts, ends, radius)
        else:
            query, row, bits = self._by_words(asked, begin, counts, ends, radius)
        if len(row) < 2:
            return query, row, bits
        order = np.lexsort((row, query)) if len(queries) > 1 else np.argsort(row)
        query, row, bits = query[order], row[order], bits[order]
        new = np.ones(len(row), np.bool_)
        new[1:] = (row[1:] != row[:-1]) | (query[1:] != query[:-1])
        return query[new], row[new], bits[new]

    def _by_sketch(
        self, asked: Asked, begin: Whole, counts: Whole, ends: Rows, radius: int
    ) -> tuple[Rows, Rows, Bits]:
        near_slots: list[Rows] = []
        near: list[Rows] = []
        for start, slots in slots_of(begin, counts, ends):
            differ = self.sketch.take(slots)
            differ ^= asked.sketches(ends, start, start + len(slots))
            left = np.flatnonzero(np.bitwise_count(differ) <= radius)
            near_slots.append(slots[left])
            near.append(left + start)
        slots, place = _joined(near_slots), lookups_of(ends, _joined(near))
        query, lookup = asked.split(place)
        plan = asked.plan
        turned = asked.keys.ravel()[place].astype(np.uint64) << np.uint64(64) - plan.widths[lookup]
        turned |= self.high.take(slots).astype(np.uint64) << np.uint64(32)
        turned |= self.sketch.take(slots)
        starts = plan.starts[lookup]
        # A shift by 64 is not defined: twice by less is.
        words = turned >> starts | turned << (np.uint64(63) - starts) << np.uint64(1)
        bits = np.bitwise_count(words ^ asked.words[query, 0]).astype(np.uint16)
        kept = np.flatnonzero(bits <= radius)
        words, query, bits = words[kept], query[kept], bits[kept]
        if len(words) > 1:
            # Most are found by several tables; a hash is looked for once.
            words, first, place = np.unique(words, return_index=True, return_inverse=True)
            if len(asked.words) == 1:
                return query[first], self.locate(words), bits[first]
            return query, self.locate(words)[place], bits
        return query, self.locate(words), bits

    def _by_words(
        self, asked: Asked, begin: Whole, counts: Whole, ends: Rows, radius: int
    ) -> tuple[Rows, Rows, Bits]:
        queries: list[Rows] = []
        rows: list[Rows] = []
        near: list[Bits] = []
        for start, row in slots_of(begin, counts, ends):
            query, _ = asked.split(lookups_of(ends, np.arange(start, start + len(row))))
            later = np.flatnonzero(row >= self.count)
            row[later] = self.rows.take(row[later] - self.count)
            bits = distances(self.words.take(row, axis=0), asked.words.take(query, axis=0))
            kept = bits <= radius
            queries.append(query[kept])
            rows.append(row[kept])
            near.append(bits[kept])
        return _joined(queries), _joined(rows), _joined(near)

    def locate(self, words: Words) -> Rows:
        """The numbers of narrow hashes that are there, by their (m,) words."""
        width = np.uint64(self.keys[0])
        key = (words >> (np.uint64(64) - width)).astype(np.int64)
        rest = words & (np.uint64(2**64 - 1) >> width)
        low, end = self.offsets[key].astype(np.int64), self.offsets[key + 1].astype(np.int64)
        while True:
            open_ = low + 1 < end
            if not open_.any():
                return low
            middle = (low + end) >> 1
            value = self.high.take(middle).astype(np.uint64) << np.uint64(32)
            value |= self.sketch.take(middle)
            above = value > rest
            end = np.where(open_ & above, middle, end)
            low = np.where(open_ & ~above, middle, low)

    def words_of(self, rows: Rows) -> Words:
        """(m, words) of hashes by number."""
        if not self.narrow:
            return self.words.take(rows, axis=0)
        key = self.keys[0]
        keys = np.searchsorted(self.offsets[: (1 << key) + 1], rows, "right") - 1
        words = keys.astype(np.uint64) << np.uint64(64 - key)
        words |= self.high.take(rows).astype(np.uint64) << np.uint64(32)
        words |= self.sketch.take(rows)
        return words[:, None]

    def scan(self, query: Words) -> Bits:
        """(n,) distances of every hash from a (words,) query."""
        out = np.empty(self.count, np.uint16)
        if not self.narrow:
            for start in range(0, self.count, _SCAN_ROWS):
                some = self.words[start : start + _SCAN_ROWS]
                out[start : start + _SCAN_ROWS] = distances(some, query[None])
            return out
        key, word = self.keys[0], int(query[0])
        number, step = 1 << key, max(1, (_SCAN_ROWS << key) // max(self.count, 1))
        first, rest = word >> 64 - key, word & (1 << 64 - key) - 1
        for start in range(0, number, step):
            stop = min(start + step, number)
            begin = self.offsets[start : stop + 1].astype(np.int64)
            rows = slice(int(begin[0]), int(begin[-1]))
            of_key = np.bitwise_count(np.arange(start, stop, dtype=np.uint32) ^ np.uint32(first))
            bits = np.repeat(of_key, np.diff(begin))
            bits += np.bitwise_count(self.sketch[rows] ^ np.uint32(rest & 0xFFFFFFFF))
            bits += np.bitwise_count(self.high[rows] ^ self.high.dtype.type(rest >> 32))
            out[rows] = bits
        return out

    def all_words(self) -> Words:
        """(n, words) of every hash, in ascending order."""
        if not self.narrow:
            return self.words
        key, count = self.keys[0], self.count
        counts = np.diff(self.offsets[: (1 << key) + 1])
        words = np.repeat(np.arange(1 << key, dtype=np.uint64), counts)
        words <<= np.uint64(64 - key)
        words |= self.high[:count].astype(np.uint64) << np.uint64(32)
        words |= self.sketch[:count]
        return words[:, None]


def _joined(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
