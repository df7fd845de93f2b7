"""What an index holds at one moment: parts, and rows that stand apart from them."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.hamming.layout import Layout, Words, distances
from lookalike.hamming.part import Ids, OwnCheck, Part, Slice, among

FRESH = 1 << 15
"""Rows that are kept apart, and compared one by one, before they become a part with tables."""

_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, eq=False)
class State:
    """A search works on one; a change makes another.

    `words` and `ids` have room behind `length`, into which the next state may write.
    """

    layout: Layout
    parts: tuple[Part, ...]
    words: Words
    ids: Ids
    length: int

    @staticmethod
    def of(layout: Layout, parts: tuple[Part, ...]) -> "State":
        """Parts alone."""
        return State(layout, parts, np.empty((0, layout.words), np.uint64), _NONE, 0)

    def __len__(self) -> int:
        alive = (int(part.alive().sum()) if len(part.gone) else len(part) for part in self.parts)
        return sum(alive) + self.length

    @property
    def fresh(self) -> tuple[Words, Ids]:
        """The words and ids that stand apart."""
        return self.words[: self.length], self.ids[: self.length]

    def copy(self) -> "State":
        """The same, without room behind it."""
        words, ids = self.fresh
        return replace(self, words=words, ids=ids)

    def arrays(self) -> list[NDArray[Any]]:
        """What it holds in memory."""
        return [self.words, self.ids, *(array for part in self.parts for array in part.arrays())]

    def rows(self) -> tuple[Words, Ids]:
        """All words and ids."""
        rows = [self.fresh, *(part.rows() for part in self.parts)]
        words, ids = zip(*rows, strict=True)
        return np.concatenate(words), np.concatenate(ids)

    def without(self, ids: Ids) -> "State":
        """Without all rows of some ids, given ascending."""
        if not len(ids):
            return self
        cleaned = (_cleaned(self.layout, part.without(ids)) for part in self.parts)
        words, own = self.fresh
        kept = ~among(own, ids)
        words, own = words[kept], own[kept]
        parts = tuple(part for part in cleaned if part is not None)
        return State(self.layout, parts, words, own, len(own))

    def adding(self, words: Words, ids: Ids) -> "State":
        """With more rows; many become a part, and parts are merged now and then."""
        if self.length + len(ids) <= FRESH:
            return self._appended(words, ids)
        if self.length:
            words = np.concatenate([self.words[: self.length], words])
            ids = np.concatenate([self.ids[: self.length], ids])
        parts = [*self.parts, Part.build(self.layout, words, ids)]
        del words, ids
        while len(parts) > 1 and len(parts[-1]) * 2 >= len(parts[-2]):
            last = State.of(self.layout, (parts.pop(), parts.pop())).merged()
            parts += last.parts
        return State.of(self.layout, tuple(parts))

    def _appended(self, words: Words, ids: Ids) -> "State":
        end = self.length + len(ids)
        all_words, all_ids = self.words, self.ids
        if end > len(all_ids):
            room = min(max(end * 3 // 2, 1024), FRESH) - self.length
            blank = np.empty((room, words.shape[1]), np.uint64)
            all_words = np.concatenate([all_words[: self.length], blank])
            all_ids = np.concatenate([all_ids[: self.length], np.empty(room, np.int64)])
        all_words[self.length : end] = words
        all_ids[self.length : end] = ids
        return State(self.layout, self.parts, all_words, all_ids, end)

    def merged(self) -> "State":
        """Everything in one part of which nothing is gone, or in none."""
        whole = not self.length and len(self.parts) < 2
        if whole and not any(len(part.gone) for part in self.parts):
            return self
        words, ids = self.rows()
        parts = (Part.build(self.layout, words, ids),) if len(ids) else ()
        return State.of(self.layout, parts)

    @cached_property
    def repeats(self) -> bool:
        """Whether an id may come more than once."""
        if any(part.repeats for part in self.parts):
            return True
        spans = sorted((part.low, part.high) for part in self.parts)
        if any(high >= low for (_, high), (low, _) in pairwise(spans)):
            return True
        _, fresh = self.fresh
        if not len(fresh):
            return False
        if not bool((fresh[1:] > fresh[:-1]).all()):
            return True
        return bool(spans) and int(fresh[0]) <= max(high for _, high in spans)


def _cleaned(layout: Layout, part: Part) -> Part | None:
    """The part, built again when much of it is gone; None when all is."""
    if len(part.gone) <= max(FRESH, len(part) // 4):
        return part
    words, ids = part.rows()
    return Part.build(layout, words, ids) if len(ids) else None


class FreshAnswer:
    """What the rows that stand apart say to one query, as `part.Answer`."""

    def __init__(self, state: State, query: Words, radius: int) -> None:
        self.levels: list[int] = []
        """The distances at which there are any."""
        if state.length:
            self._words, self._ids = state.fresh
            bits = distances(self._words, query[None])
            self._rows = np.flatnonzero(bits <= radius)
            self._bits = bits[self._rows]
            self.levels = np.unique(self._bits).tolist()

    def slices(self, level: int, check: OwnCheck | None) -> list[Slice]:
        """The ids at exactly this distance, of hashes that pass."""
        if level not in self.levels:
            return []
        rows = self._rows[self._bits == level]
        if check is not None and len(rows):
            rows = rows[check(self._words[rows])]
        return [(np.sort(self._ids[rows]), _NONE)] if len(rows) else []
