"""An unchanging part of an index: distinct hashes in tables, and the ids of each."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.hamming.layout import Layout, Words
from lookalike.hamming.lookups import Rows, batch_size, cost, thresholds
from lookalike.hamming.tables import Bits, Tables

Ids = NDArray[np.int64]
OwnCheck = Callable[[Words], NDArray[np.bool_]]
SomeIds = NDArray[np.uint32] | NDArray[np.int64]
Slice = tuple[SomeIds, Ids]
"""Ids in ascending order, and removed ones that may be among them."""

_SHORT_RUN = 64
_LOOKUP_SHARE = 0.1
"""Lookups are tried first where they take at most this share of a scan's time."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Rows in order of hash and id; equal hashes are one entry of the tables.

    `long` are the numbers of the hashes that more than one row has, `before` how many rows more
    than hashes come before each of them and, at last, in all. `gone` are ids, ascending, whose
    rows no longer count.
    """

    tables: Tables
    ids: SomeIds
    long: Rows
    before: Rows
    gone: Ids
    low: int
    high: int
    repeats: bool
    """Whether an id may be in more than one row."""

    @staticmethod
    def build(layout: Layout, words: Words, ids: Ids) -> "Part":
        """A part of (n, words) and (n,), n ≥ 1, in any order; `words` may be written to."""
        repeats = bool((ids[1:] <= ids[:-1]).any()) and len(np.unique(ids)) < len(ids)
        order = _order(words, ids)
        words = words[order]
        low, high = int(ids.min()), int(ids.max())
        small = low >= 0 and high < 2**32
        kept: SomeIds = ids[order].astype(np.uint32) if small else ids[order]
        del order
        new = np.ones(len(words), np.bool_)
        new[1:] = (words[1:] != words[:-1]).any(axis=1)
        heads = np.flatnonzero(new)
        if len(heads) < len(words):
            words = words[heads]
        more = np.diff(heads, append=len(kept)) - 1
        long = np.flatnonzero(more)
        before = np.concatenate([[0], np.cumsum(more[long])])
        del heads, more, new
        tables = Tables.build(layout, words)
        return Part(tables, kept, long, before, np.empty(0, np.int64), low, high, repeats)

    def __len__(self) -> int:
        """How many rows, with those that no longer count."""
        return len(self.ids)

    def without(self, ids: Ids) -> "Part":
        """The part without some ids, given ascending."""
        own = ids[np.searchsorted(ids, self.low) : np.searchsorted(ids, self.high, "right")]
        return replace(self, gone=np.union1d(self.gone, own)) if len(own) else self

    def arrays(self) -> list[NDArray[Any]]:
        """What it holds in memory."""
        tables = self.tables
        of_tables = [tables.offsets, tables.sketch, tables.high, tables.rows, tables.words]
        return [*of_tables, self.ids, self.long, self.before, self.gone]

    def alive(self) -> NDArray[np.bool_]:
        """(n,) which rows count."""
        return ~among(self.ids, self.gone)

    def rows(self) -> tuple[Words, Ids]:
        """The words and ids of the rows that count."""
        words = self.tables.all_words()
        if len(self.long):
            counts = np.ones(len(words), np.int64)
            counts[self.long] += np.diff(self.before)
            words = np.repeat(words, counts, axis=0)
        ids = self.ids.astype(np.int64)
        if len(self.gone):
            alive = self.alive()
            return words[alive], ids[alive]
        return words.copy(), ids

    def spans(self, hashes: Rows) -> tuple[Rows, Rows]:
        """Where the rows of hashes, by number, begin and end."""
        place = np.searchsorted(self.long, hashes)
        begin = hashes + self.before[place]
        return begin, hashes + 1 + self.before[np.searchsorted(self.long, hashes, "right")]

    def slices(self, hashes: Rows) -> list[Slice]:
        """The ids of hashes by number: one slice of all that few rows have, others apart."""
        if not len(self.long):
            ids = self.ids.take(hashes)
            ids.sort()
            return [(ids, self.gone)]
        begin, end = self.spans(hashes)
        counts = end - begin
        short = counts <= _SHORT_RUN
        found: list[Slice] = [
            (self.ids[a:b], self.gone)
            for a, b in zip(begin[~short].tolist(), end[~short].tolist(), strict=True)
        ]
        if short.any():
            begin, counts = begin[short], counts[short]
            ends = np.cumsum(counts)
            rows = np.repeat(begin - (ends - counts), counts) + np.arange(ends[-1])
            ids = self.ids.take(rows)
            ids.sort()
            found.append((ids, self.gone))
        return found

    def answers(
        self, queries: Words, radius: int, own: tuple[int, ...] | None, *, few: bool
    ) -> list["Answer"]:
        """An answer for each of (q, words) queries.

        Args:
            queries: of the layout.
            radius: the largest distance that will be asked for.
            own: thresholds to look up by; None for those that find everything.
            few: whether the nearest may be enough.
        """
        near, most = self._lookups(radius, few) if own is None else (radius, own)
        tables = self.tables
        if near < 0 or cost(tables.keys, tables.count, most) > tables.scan_cost:
            return [Answer(self, query) for query in queries]
        size = batch_size(tables.keys, tables.count, most)
        found: list[Answer] = []
        for start in range(0, len(queries), size):
            found += self._looked_up(queries[start : start + size], near, most)
        return found

    def _lookups(self, radius: int, few: bool) -> tuple[int, tuple[int, ...]]:
        """The radius that is looked up, −1 for none, and its thresholds."""
        tables, blocks = self.tables, len(self.tables.keys)
        share = _LOOKUP_SHARE if few else 1.0
        for near in range(radius, -1 if few else radius - 1, -1):
            most = thresholds(blocks, near)
            if cost(tables.keys, tables.count, most) <= tables.scan_cost * share:
                return near, most
        return -1, ()

    def _looked_up(self, queries: Words, near: int, most: tuple[int, ...]) -> list["Answer"]:
        found = self.tables.within(queries, near, most)
        if found is None and len(queries) > 1:
            each = [self._looked_up(query[None], near, most) for query in queries]
            return [answer for (answer,) in each]
        answers = [Answer(self, query) for query in queries]
        if found is not None:
            query, hashes, bits = found
            if len(answers) == 1:
                answers[0].know(near, hashes, bits)
                return answers
            ends = np.searchsorted(query, np.arange(len(queries) + 1))
            for answer, begin, end in zip(answers, ends[:-1], ends[1:], strict=True):
                answer.know(near, hashes[begin:end], bits[begin:end])
        return answers


class Answer:
    """What one part says to one query, level by level.

    Scans when a level is asked for that lookups have not reached.
    """

    def __init__(self, part: Part, query: Words) -> None:
        self._part = part
        self._query = query
        self._near = -1
        self._bits: Bits | None = None
        self._levels: dict[int, Rows] = {}

    def know(self, near: int, hashes: Rows, bits: Bits) -> None:
        """Take what lookups found: everything within `near` bits."""
        self._near = near
        if len(bits) == 1:
            self._levels[int(bits[0])] = hashes
            return
        for level in np.unique(bits).tolist():
            self._levels[level] = hashes[bits == level]

    def levels(self, radius: int) -> Collection[int]:
        """The distances up to `radius` at which there may be hashes."""
        return self._levels if self._near >= radius else range(radius + 1)

    def slices(self, level: int, check: OwnCheck | None) -> list[Slice]:
        """The ids at exactly this distance, of hashes that pass."""
        hashes = self._at(level)
        if check is not None and len(hashes):
            hashes = hashes[check(self._part.tables.words_of(hashes))]
        return self._part.slices(hashes) if len(hashes) else []

    def _at(self, level: int) -> Rows:
        if level <= self._near:
            return self._levels.get(level, _NONE)
        if self._bits is None:
            self._bits = self._part.tables.scan(self._query)
        return np.flatnonzero(self._bits == level)


_NONE = np.empty(0, np.int64)


def among(ids: SomeIds, sorted_ids: Ids) -> NDArray[np.bool_]:
    """Which ids are in an ascending array."""
    if not len(sorted_ids):
        return np.zeros(len(ids), np.bool_)
    place = np.searchsorted(sorted_ids, ids)
    place[place == len(sorted_ids)] = 0
    found: NDArray[np.bool_] = sorted_ids[place] == ids
    return found


def _order(words: Words, ids: Ids) -> Rows:
    """The rows in order of words, then id."""
    order = np.argsort(words[:, 0])
    first = words[:, 0][order]
    same = first[1:] == first[:-1]
    if not same.any():
        return order
    # Only rows with an equal first word are left to be put right.
    tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
    some = order[tied]
    columns: Sequence[NDArray[np.uint64]] = [*words[some].T[::-1]]
    order[tied] = some[np.lexsort((ids[some], *columns))]
    return order
