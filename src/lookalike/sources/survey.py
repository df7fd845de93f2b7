"""What one look through a table tells before any picture is read: its size, and what is double."""

from array import array
from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

_BITS = (1 << 64) - 1


class Survey:
    """Counts rows, and knows which ids and pictures may be named more than once.

    It keeps eight bytes of an id and eight of a picture's uri, so that a table of ten million
    rows takes 160 MB here and no more.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.unplaced = 0
        """Rows whose picture is not known, since a value is missing or does not fit."""
        self._ids = array("Q")
        self._uris = array("Q")
        self._first: dict[tuple[str, Hashable], int] = {}
        self._named: NDArray[np.uint64] = np.empty(0, np.uint64)
        self._twice: dict[str, set[int]] = {}

    def note(self, key: Hashable, uri: str | None) -> None:
        """Take note of one row's id and its picture's uri, None when that is not known."""
        self.rows += 1
        self._ids.append(hash(key) & _BITS)
        if uri is None:
            self.unplaced += 1
        else:
            self._uris.append(hash(uri) & _BITS)

    def close(self) -> None:
        """Every row was noted."""
        _, self._twice["id"] = _sorted(self._ids)
        self._named, self._twice["uri"] = _sorted(self._uris)
        self._ids, self._uris = array("Q"), array("Q")

    def first(self, kind: str, key: Hashable, row: int) -> int:
        """The row in which an id (or a uri) was met first: `row` itself when it is this one."""
        if hash(key) & _BITS not in self._twice[kind]:
            return row
        # Hashes only choose whom to look at; the comparison is of the keys themselves.
        return self._first.setdefault((kind, key), row)

    def names(self, uri: str) -> bool:
        """Whether a row names the picture (wrong once in 10^12 pictures, by equal hashes)."""
        wanted = np.uint64(hash(uri) & _BITS)
        place = int(np.searchsorted(self._named, wanted))
        return place < len(self._named) and bool(self._named[place] == wanted)


def _sorted(hashes: "array[int]") -> tuple[NDArray[np.uint64], set[int]]:
    """The hashes in order, and those that are there more than once."""
    ordered = np.array(hashes, dtype=np.uint64)
    ordered.sort()
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    return ordered, {int(one) for one in twice}
