"""Segment matching: hashes cut into segments, of which so many must be equal.

What search engines answer with "minimum should match". It is no distance: see `recall`.
"""

from functools import partial
from math import comb

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import UsageError
from lookalike.hamming.index import HammingIndex
from lookalike.hamming.layout import Hashes, Words, in_groups, width_of
from lookalike.hamming.levels import Found, Keep
from lookalike.hamming.part import Ids


class SegmentIndex:
    """Hashes that match a query where at least `minimum` of `segments` equal parts are equal.

    Exact: the segments are put into one more group than segments may differ, so that in one group
    all are equal; each group is looked up as a whole.
    """

    def __init__(self, bits: int, segments: int = 8, minimum: int = 6) -> None:
        """An empty index.

        Args:
            bits: of a hash, a multiple of 8 from 8 to 256.
            segments: how many of equal width a hash is cut into.
            minimum: how many of them must be equal.

        Raises:
            UsageError: the bits cannot be cut so, or the minimum is not from 1 to `segments`.
        """
        check(bits, segments, minimum)
        self.segments, self.minimum = segments, minimum
        self._width = bits // segments
        groups = segments - minimum + 1
        each, more = divmod(segments, groups)
        widths = tuple((each + (group < more)) * self._width for group in range(groups))
        self._index = HammingIndex(in_groups(bits, widths))
        self._thresholds = (0,) * groups

    @classmethod
    def build(
        cls, hashes: Hashes, ids: Ids | None = None, segments: int = 8, minimum: int = 6
    ) -> "SegmentIndex":
        """An index of (n, bits/8) uint8 hashes; without (n,) ids they are numbered from 0."""
        index = cls(width_of(hashes), segments, minimum)
        index.add(hashes, np.arange(len(hashes), dtype=np.int64) if ids is None else ids)
        return index

    def add(self, hashes: Hashes, ids: Ids) -> None:
        """Add hashes; an id that is there gets one more."""
        self._index.add(hashes, ids)

    def remove(self, ids: Ids) -> None:
        """Forget all hashes of these ids; those not there are passed over."""
        self._index.remove(ids)

    def replace(self, gone: Ids, hashes: Hashes, ids: Ids) -> None:
        """Remove ids and add hashes in one step."""
        self._index.replace(gone, hashes, ids)

    def __len__(self) -> int:
        return len(self._index)

    def matching(
        self, query: Hashes, *, limit: int | None = None, keep: Keep | None = None
    ) -> Found:
        """The ids that have a matching hash, by Hamming distance, ties by id, each id once.

        Args:
            query: (bits/8,) uint8.
            limit: how many at most; None for all.
            keep: says of (n,) int64 ids which may be in the answer.
        """
        differ = (self.segments - self.minimum) * self._width
        (found,) = self._index.search(
            np.asarray(query)[None],
            differ,
            limit,
            keep,
            thresholds=self._thresholds,
            check=partial(_matches, self.segments, self._width, self.minimum),
        )
        return found


def check(bits: int, segments: int, minimum: int) -> None:
    """See that hashes can be matched so.

    Raises:
        UsageError: they cannot; says what can.
    """
    if segments < 1 or bits % segments:
        raise UsageError(f"a hash of {bits} bits cannot be cut into {segments} equal segments")
    if not 1 <= minimum <= segments:
        raise UsageError(f"of {segments} segments 1 to {segments} can be equal, not {minimum}")


def equal_segments(one: Hashes, other: Hashes, segments: int = 8) -> int:
    """How many of the segments of two (bits/8,) hashes are equal."""
    differ = np.unpackbits(one ^ other).reshape(segments, -1)
    return int((~differ.any(axis=1)).sum())


def recall(bits: int, segments: int, minimum: int, distance: int) -> float:
    """The share of hashes `distance` bits away that match, each of them as likely: 0..1.

    Those whose differing bits all fall into at most segments − minimum segments, counted.
    """
    check(bits, segments, minimum)
    if not 0 <= distance <= bits:
        raise UsageError(f"hashes of {bits} bits differ in 0 to {bits}, not {distance}")
    width = bits // segments
    ways = 0
    for hit in range(segments - minimum + 1):
        every = sum(
            (-1) ** out * comb(hit, out) * comb((hit - out) * width, distance)
            for out in range(hit + 1)
        )
        ways += comb(segments, hit) * every
    return ways / comb(bits, distance)


def _matches(
    segments: int, width: int, minimum: int, query: Words, words: Words
) -> NDArray[np.bool_]:
    differ = (words ^ query).astype(">u8").view(np.uint8)
    bits = np.unpackbits(differ, axis=1, count=segments * width)
    equal = ~bits.reshape(len(words), segments, width).any(axis=2)
    found: NDArray[np.bool_] = equal.sum(axis=1) >= minimum
    return found
