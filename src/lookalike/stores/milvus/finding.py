"""What of a Milvus store searches."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.filters import Filter
from lookalike.stores.base import Neighbour, Query, QueryPart
from lookalike.stores.milvus import searching
from lookalike.stores.milvus.state import State


class Finding:
    """The part of a `MilvusStore` that searches."""

    _state: State

    def nearest(
        self,
        encoder: str,
        query: Query,
        limit: int,
        *,
        offset: int = 0,
        where: Filter | None = None,
        max_distance: float | None = None,
    ) -> list[Neighbour]:
        """Nearest embeddings by cosine distance, ties by id; see `ordering` for the order."""
        return searching.nearest(self._state, encoder, query, limit, offset, where, max_distance)

    def nearest_each(
        self,
        encoder: str,
        queries: NDArray[np.float32],
        limits: Sequence[int],
        *,
        where: Filter | None = None,
    ) -> list[list[Neighbour]]:
        """What `nearest` answers to each of (n, dim) queries, many of them in one call."""
        return searching.nearest_each(self._state, encoder, queries, limits, where)

    def within(
        self,
        encoder: str,
        query: NDArray[np.uint8],
        radius: int,
        limit: int,
        *,
        offset: int = 0,
        where: Filter | None = None,
    ) -> list[Neighbour]:
        """Exact: hashes within `radius` bits of the query, nearest first, ties by id."""
        return searching.within(self._state, encoder, query, radius, limit, offset, where)

    def segments(
        self,
        encoder: str,
        query: NDArray[np.uint8],
        segments: int,
        minimum: int,
        limit: int,
        *,
        offset: int = 0,
        where: Filter | None = None,
    ) -> list[Neighbour]:
        """Hashes of which `minimum` of `segments` parts are equal, by distance, ties by id."""
        return searching.segments(
            self._state, encoder, query, segments, minimum, limit, offset, where
        )

    def distances(
        self,
        encoder: str,
        query: NDArray[Any] | Sequence[QueryPart],
        ids: Sequence[int],
    ) -> dict[int, float]:
        """Distances by id, each compared, as `nearest` and `within` give them."""
        return searching.distances(self._state, encoder, query, ids)
