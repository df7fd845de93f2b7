"""A sample of vectors, and of searches with them, compared between two stores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lookalike.records import EncoderSpec
    from lookalike.stores.base import Neighbour, Store
    from lookalike.transfer.part import Part

SEARCHES = 20
"""Searches an encoder."""
NEAREST = 10
_CLOSE = 1e-3
"""How far components of two vectors may differ: they are kept as float16 by some stores."""
_TIED = 2e-4
"""Cosine distances that differ by less count as equal."""
_RADIUS_PART = 8
"""Hashes are searched within a part of their bits: 8 of 64."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """How many vectors were compared and how many records differ in what belongs to the encoder.

    `recall` is the mean part of the nearest ten, 0..1, that `searches` with some of them agree on,
    None where none were made.
    """

    vectors: int = 0
    different: int = 0
    searches: int = 0
    recall: float | None = None


def compare(
    source: "Store",
    target: "Store",
    part: "Part",
    spec: "EncoderSpec",
    pairs: Sequence[tuple[int, int]],
    *,
    searches: bool,
) -> Sampled:
    """Compare the vectors of pairs of ids, the source's and the target's, and search with some.

    Searches are of hashes within an eighth of their bits, which is exact, or of the ten nearest
    embeddings: one that only the target finds counts when it is as near as the source's last.
    """
    name = spec.name
    ours, theirs = [one for one, _ in pairs], [other for _, other in pairs]
    here, there = source.vectors(name, ours), target.vectors(name, theirs)
    different = 0
    for one, other in pairs:
        if one in here or other in there:
            different += not _alike(here.get(one), there.get(other))
    if spec.kind == "hash":
        trimmed = source.trimmed(name, ours), target.trimmed(name, theirs)
        qualities = source.qualities(name, ours), target.qualities(name, theirs)
        for one, other in pairs:
            same = qualities[0].get(one) == qualities[1].get(other)
            known = one in trimmed[0] or other in trimmed[1]
            if not same or (known and not _alike(trimmed[0].get(one), trimmed[1].get(other))):
                different += 1
    queries = [here[one] for one in ours if one in here][:SEARCHES] if searches else []
    if not queries:
        return Sampled(len(here), different)
    agreed = _hashes if spec.kind == "hash" else _embeddings
    recall = agreed(source, target, part, name, np.stack(queries))
    return Sampled(len(here), different, len(queries), round(recall, 4))


def _alike(one: "NDArray[Any] | None", other: "NDArray[Any] | None") -> bool:
    if one is None or other is None or one.shape != other.shape:
        return False
    if one.dtype == np.uint8:
        return np.array_equal(one, other)
    return bool(np.abs(one - other).max() <= _CLOSE)


def _embeddings(
    source: "Store", target: "Store", part: "Part", name: str, queries: "NDArray[Any]"
) -> float:
    limits = [NEAREST] * len(queries)
    found = source.nearest_each(name, queries, limits, where=part.where)
    again = target.nearest_each(name, queries, limits, where=part.where)
    return float(np.mean([_agreement(part, *pair) for pair in zip(found, again, strict=True)]))


def _agreement(part: "Part", found: "list[Neighbour]", again: "list[Neighbour]") -> float:
    if not found:
        return float(not again)
    ids = {one.id for one in found} if part.ids == "keep" else set()
    farthest = found[-1].distance + _TIED
    good = sum(one.id in ids or one.distance <= farthest for one in again)
    return good / max(len(found), len(again))


def _hashes(
    source: "Store", target: "Store", part: "Part", name: str, queries: "NDArray[Any]"
) -> float:
    same = 0
    for query in queries:
        radius = query.size * 8 // _RADIUS_PART
        both = [
            store.within(name, query, radius, NEAREST, where=part.where)
            for store in (source, target)
        ]
        if part.ids == "keep":
            same += both[0] == both[1]
        else:
            distances = [[one.distance for one in found] for found in both]
            same += distances[0] == distances[1]
    return same / len(queries)
