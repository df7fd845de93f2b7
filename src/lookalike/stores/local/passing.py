"""Which of some ids a filter lets pass: asked for the few at hand, or listed once for many."""

import numpy as np
from numpy.typing import NDArray

from lookalike.filters import Filter
from lookalike.stores.local import reading
from lookalike.stores.local.catalogue import Catalogue

_FEW = 2000
_SHARE = 8
"""Ids are asked for one by one until they are more than these, and than this share of all."""


class Passing:
    """A filter over ids, for one search."""

    def __init__(self, catalogue: Catalogue, where: Filter) -> None:
        self._catalogue = catalogue
        self._where = where
        self._asked = 0
        self._all: NDArray[np.int64] | None = None

    def __call__(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(n,) which of (n,) ids are of records that pass."""
        if self._all is None:
            self._asked += len(ids)
            most = max(_FEW, reading.count(self._catalogue, None) // _SHARE)
            if self._asked <= most:
                found = reading.ids(self._catalogue, self._where, ids.tolist())
                return np.isin(ids, np.array(found, np.int64))
            self._all = np.array(reading.ids(self._catalogue, self._where), np.int64)
        return np.isin(ids, self._all)
