"""Nearest neighbours and distances by the engine's index, repaired where it fails."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from lookalike.filters import Filter
from lookalike.stores.base import Neighbour, Query
from lookalike.stores.local import engine_filter, exact, reading, refined
from lookalike.stores.local.catalogue import Catalogue
from lookalike.stores.local.engine import EngineFailure, VectorIndex
from lookalike.stores.local.room import need_room
from lookalike.stores.local.roster import Member
from lookalike.stores.local.shards import Shards
from lookalike.stores.paging import Answer, page

Found = TypeVar("Found")


def nearest(
    catalogue: Catalogue,
    shards: Shards,
    encoder: Member,
    query: Query,
    limit: int,
    offset: int,
    where: Filter | None,
    max_distance: float | None,
) -> list[Neighbour]:
    """Nearest embeddings by cosine distance, ties by id; see `paging` for the order."""

    def ask(index: VectorIndex) -> list[Answer]:
        # In the space of this very index: another thread may be changing the projection.
        vector = index.space.query(query)
        condition = None if where is None else _engine_filter(catalogue, index, where)

        def search(size: int, exactly: bool) -> tuple[list[Answer], bool]:
            if index.coded:
                return refined.search(catalogue, encoder, index, vector, size, condition, exactly)
            return index.search(vector.tolist(), size, condition, exact=exactly)

        return page(search, offset, limit, max_distance)

    answers = _asked(shards, encoder, ask)
    return [Neighbour(key, min(distance, 2.0)) for distance, key in answers]


def distances(
    catalogue: Catalogue, shards: Shards, encoder: Member, query: Query, ids: Sequence[int]
) -> dict[int, float]:
    """Cosine distances of some embeddings by id, as `nearest` gives them."""
    if not ids:
        return {}

    def ask(index: VectorIndex) -> dict[int, float]:
        vector = index.space.query(query)
        if index.coded:
            return exact.distances(catalogue, encoder, index.space, vector, ids)
        return index.distances(vector.tolist(), ids)

    return _asked(shards, encoder, ask)


def _asked(shards: Shards, encoder: Member, ask: Callable[[VectorIndex], Found]) -> Found:
    index = shards.index(encoder)
    try:
        return ask(index)
    except EngineFailure as error:
        return ask(shards.repair(encoder, index, str(error)))


def _engine_filter(catalogue: Catalogue, index: VectorIndex, where: Filter) -> Any:
    fields = list(engine_filter.payload_fields(where))
    if not index.has_fields(fields):
        need_room(catalogue.path.parent)
        with catalogue.lock:
            index.index_fields(fields)
    return engine_filter.compile_filter(where, partial(reading.ids, catalogue))
