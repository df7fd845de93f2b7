"""Nearest neighbours, distances and segments, asked of a server in one call where that is enough.

Rows that match a filter which the server could not say in full are checked here. Records come
with the first `_WITH_RECORDS` answers, so that nobody need ask for them again.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.filters import Filter
from lookalike.hamming.segments import check as check_segments
from lookalike.hamming.segments import equal_segments
from lookalike.stores.base import Neighbour, Query, QueryPart
from lookalike.stores.checks import check_hash
from lookalike.stores.milvus import asking, capabilities
from lookalike.stores.milvus.asking import Answer, Limits
from lookalike.stores.milvus.connection import pages
from lookalike.stores.milvus.filter_expr import Compiled, compile_filter
from lookalike.stores.milvus.layout import RECORD_COLUMNS, Table
from lookalike.stores.milvus.ordering import Ask, Count, by_bits, by_product, in_order
from lookalike.stores.milvus.rows import record_of
from lookalike.stores.milvus.state import State
from lookalike.stores.milvus.tables import compared_rows
from lookalike.stores.milvus.tiers import tiers_of

_WITH_RECORDS = 1024
_QUERIES_AT_A_TIME = 64
_SLACK = 1e-6
"""By how much the products of the same two vectors may differ between searches."""


def nearest(
    state: State,
    encoder: str,
    query: Query,
    limit: int,
    offset: int,
    where: Filter | None,
    max_distance: float | None,
) -> list[Neighbour]:
    """Nearest embeddings by cosine distance, ties by id."""
    one = state.member(encoder, "embedding")
    vector = state.space(one).query(query)
    wanted = _Wanted(state, where, limit, offset)
    if wanted.is_none:
        return []
    furthest = 2.0 if max_distance is None else max_distance
    table = state.compared(one)
    ask, count = wanted.asking(table, vector), wanted.counting(table)
    found = by_product(ask, count, tiers_of(one.index), wanted.first, 1.0 - furthest - _SLACK)
    rows = ((row.key, _distance(row), row) for row in found)
    return wanted.page(row for row in rows if row[1] <= furthest)


def nearest_each(
    state: State,
    encoder: str,
    queries: NDArray[np.float32],
    limits: Sequence[int],
    where: Filter | None,
) -> list[list[Neighbour]]:
    """What `nearest` answers to each of (n, dim) queries, many of them in one call."""
    one = state.member(encoder, "embedding")
    space, table, tier = state.space(one), state.compared(one), tiers_of(one.index)[0]
    expression, partitions = _compiled(state, where), _partitions(state, table, where)
    count = cache(partial(state.connection.count, table.name, expression.text))
    answered: list[list[Neighbour]] = []
    for some in pages(list(zip(queries, limits, strict=True)), _QUERIES_AT_A_TIME):
        size = min(max(limit for _, limit in some) + 1, tier.most)
        rows: list[list[Answer]] | None = None
        if expression.exact and not expression.is_empty and size > 1 and partitions != []:
            vectors = np.stack([space.query(query) for query, _ in some])
            bounds = Limits(size, tier.parameters)
            rows = asking.search(
                state.connection, table, vectors, bounds, expression.text, (), partitions or ()
            )
        for place, (query, limit) in enumerate(some):
            found = None if rows is None else _first(rows[place], limit, size, count)
            if found is None:
                answered.append(nearest(state, encoder, query, limit, 0, where, None))
            else:
                answered.append([Neighbour(row.key, _distance(row)) for row in found])
    return answered


def _first(found: list[Answer], limit: int, size: int, count: Count) -> list[Answer] | None:
    """The first `limit` rows in order, of `size` asked for; None when they need not be those."""
    order = in_order(found)
    if len(order) < size and len(order) >= count():
        return order[:limit]
    if len(order) <= limit or order[limit - 1].score == order[limit].score:
        return None
    return order[:limit]


def within(
    state: State,
    encoder: str,
    query: NDArray[np.uint8],
    radius: int,
    limit: int,
    offset: int,
    where: Filter | None,
) -> list[Neighbour]:
    """Hashes within `radius` bits, nearest first, ties by id; of a record's two the nearer."""
    one = state.member(encoder, "hash")
    check_hash(one.spec, query)
    wanted = _Wanted(state, where, limit, offset)
    if wanted.is_none:
        return []
    ask = wanted.asking(state.compared(one), query)
    found = by_bits(ask, min(radius, one.spec.size), wanted.first)
    return wanted.page((key, row.score, row) for key, row in found)


def segments(
    state: State,
    encoder: str,
    query: NDArray[np.uint8],
    count: int,
    minimum: int,
    limit: int,
    offset: int,
    where: Filter | None,
) -> list[Neighbour]:
    """Hashes of which `minimum` of `count` segments are equal, by distance, ties by id.

    Those differ in at most count − minimum segments, so they are among what is within as many
    bits: the fewer must be equal, the more is looked at.
    """
    one = state.member(encoder, "hash")
    check_hash(one.spec, query)
    check_segments(one.spec.size, count, minimum)
    wanted = _Wanted(state, where, limit, offset)
    if wanted.is_none:
        return []
    table = state.compared(one)
    radius = (count - minimum) * (one.spec.size // count)
    found = by_bits(wanted.asking(table, query, [table.vector.name]), radius, wanted.first)
    return wanted.page(
        (key, row.score, row)
        for key, row in found
        if equal_segments(query, row.row[table.vector.name], count) >= minimum
    )


def distances(
    state: State, encoder: str, query: NDArray[Any] | Sequence[QueryPart], ids: Sequence[int]
) -> dict[int, float]:
    """Distances by id, each compared with the vector that is kept; absent ids are left out."""
    one = state.member(encoder)
    if one.is_hash:
        vector: NDArray[Any] = check_hash(one.spec, query)
    else:
        vector = state.space(one).query(query)
    _, found, vectors = compared_rows(state, one, ids)
    if not found:
        return {}
    if not one.is_hash:
        far = np.clip(1.0 - vectors @ vector, 0.0, 2.0)
        return dict(zip(found, far.tolist(), strict=True))
    bits = np.bitwise_count(vectors ^ vector).sum(axis=1)
    nearer: dict[int, float] = {}
    for key, differing in zip(found, bits.tolist(), strict=True):
        nearer[key] = min(float(differing), nearer.get(key, differing))
    return nearer


class _Wanted:
    """Which part of which records an answer is to hold."""

    def __init__(self, state: State, where: Filter | None, limit: int, offset: int) -> None:
        self.state = state
        self.where = where
        self.offset, self.end = offset, offset + limit
        self.expression = _compiled(state, where)
        self.is_none = limit <= 0 or self.expression.is_empty
        self.with_records = not self.expression.exact or self.end <= _WITH_RECORDS
        # Of rows that the server lets pass too many, more are likely to be needed.
        self.first = self.end if self.expression.exact else 4 * self.end + 16

    def asking(self, table: Table, vector: NDArray[Any], columns: Sequence[str] = ()) -> Ask:
        """What searches a table for the rows that pass."""
        held = [*columns, *(RECORD_COLUMNS if self.with_records else ())]
        partitions = _partitions(self.state, table, self.where)
        if partitions == []:
            return lambda limits, besides: []

        def ask(limits: Limits, besides: str) -> list[Answer]:
            text = self.expression.text
            both = f"({text}) and {besides}" if text and besides else text or besides
            connection = self.state.connection
            return asking.search(
                connection, table, vector[None], limits, both, held, partitions or ()
            )[0]

        return ask

    def counting(self, table: Table) -> Count:
        """What counts the rows that pass, when first asked."""
        return cache(partial(self.state.connection.count, table.name, self.expression.text))

    def page(self, rows: Iterable[tuple[int, float, Answer]]) -> list[Neighbour]:
        """The page of (id, distance, row) in order; of an id the first one counts."""
        return list(islice(self._neighbours(rows), self.offset, self.end))

    def _neighbours(self, rows: Iterable[tuple[int, float, Answer]]) -> Iterator[Neighbour]:
        seen: set[int] = set()
        for key, distance, row in rows:
            if key in seen:
                continue
            seen.add(key)
            record = record_of(row.row) if self.with_records else None
            if (
                self.expression.exact
                or self.where is None
                or (record is not None and self.where.matches(record))
            ):
                yield Neighbour(key, distance, record)


def _compiled(state: State, where: Filter | None) -> Compiled:
    infix = capabilities.can(state.connection.version, "infix")
    return compile_filter(where, state.declared, infix=infix)


def _partitions(state: State, table: Table, where: Filter | None) -> list[str] | None:
    """The partitions to search, where tenants have their own; None for all of them."""
    if state.layout.tenancy == "key":
        return None
    return state.partitions.searched(table.name, where)


def _distance(row: Answer) -> float:
    """The cosine distance of two vectors by their inner product."""
    return min(max(1.0 - row.score, 0.0), 2.0)
