"""Several encoders' rankings made into one, by the weighted mean of their cosines.

The cosine of hashes is that of the vectors of ±1 which their bits stand for. What an encoder has
no vector of counts 0 there.

The order of all answers is fixed for a query: first the best hundred of what is among the best 128
of any encoder; then, from deeper and deeper lists, what nothing unseen can come before (the
threshold algorithm of Fagin, Lotem and Naor 2003, "Optimal aggregation algorithms for
middleware"). Only as much of it as a page needs is computed.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lookalike.records import EncoderSpec
from lookalike.search.asked import Asked
from lookalike.search.choose import Choice
from lookalike.stores.base import Neighbour, Store

if TYPE_CHECKING:
    from lookalike.filters import Filter

CANDIDATES = 128
"""How many of each encoder's nearest are looked at first."""
FIRST = 100
"""How many of the best of those are taken without proof."""
_GROWTH = 4
_SLACK = 1e-3
"""By how much the distances of an index may differ from exact ones."""


def fuse(
    store: Store,
    choice: Choice,
    asked: Asked,
    limit: int,
    offset: int,
    max_distance: float | None,
    where: "Filter | None",
) -> list[Neighbour]:
    """Best records by 1 − the weighted mean of cosines, ties by id; 0 to 2."""
    end = offset + limit
    order: dict[int, float] = {}
    known: dict[int, float] = {}
    depth = CANDIDATES
    while True:
        lists = [_nearest(store, spec, asked, depth, where) for spec in choice.specs]
        new = {one.id for found in lists for one in found}.difference(known)
        known.update(_distances(store, choice, asked, sorted(new)))
        ranked = sorted((distance, key) for key, distance in known.items())
        unseen = 1.0 - _bound(choice, lists, depth) - _SLACK
        complete = all(len(found) < depth for found in lists)
        # Where nothing unseen can pass the threshold, nothing is lacking either.
        complete = complete or (max_distance is not None and unseen > max_distance)
        if not complete and depth == CANDIDATES:
            ranked = ranked[:FIRST]
        elif not complete:
            ranked = [one for one in ranked if one[0] < unseen]
        for distance, key in ranked:
            if max_distance is None or distance <= max_distance:
                order.setdefault(key, distance)
        if complete or len(order) >= end:
            break
        depth *= _GROWTH
    return [Neighbour(*one) for one in list(order.items())[offset:end]]


def _nearest(
    store: Store, spec: EncoderSpec, asked: Asked, depth: int, where: "Filter | None"
) -> list[Neighbour]:
    if spec.kind == "hash":
        query = asked.hashes[spec.name]
        # Enough are near as a rule, and they are sorted sooner than all.
        near = store.within(spec.name, query, spec.size // 4, depth, where=where)
        if len(near) == depth:
            return near
        return store.within(spec.name, query, spec.size, depth, where=where)
    return store.nearest(spec.name, asked.parts[spec.name], depth, where=where)


def _distances(
    store: Store, choice: Choice, asked: Asked, ids: Sequence[int]
) -> Mapping[int, float]:
    """1 − the weighted mean of cosines, exactly, by id."""
    sums = dict.fromkeys(ids, 0.0)
    for spec, share in zip(choice.specs, choice.shares, strict=True):
        query = asked.hashes[spec.name] if spec.kind == "hash" else asked.parts[spec.name]
        for key, distance in store.distances(spec.name, query, ids).items():
            sums[key] += share * _cosine(spec, distance)
    return {key: 1.0 - value for key, value in sums.items()}


def _bound(choice: Choice, lists: Sequence[Sequence[Neighbour]], depth: int) -> float:
    """The largest mean that a record in none of the lists can have."""
    most = 0.0
    for spec, share, found in zip(choice.specs, choice.shares, lists, strict=True):
        if len(found) == depth:
            most += share * max(_cosine(spec, found[-1].distance), 0.0)
    return most


def _cosine(spec: EncoderSpec, distance: float) -> float:
    return 1.0 - (distance if spec.kind == "embedding" else 2.0 * distance / spec.size)
