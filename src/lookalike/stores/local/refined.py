"""Answers of an index of codes, compared again with the embeddings in the catalogue."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.stores.local import exact
from lookalike.stores.local.catalogue import Catalogue
from lookalike.stores.local.engine import VectorIndex
from lookalike.stores.local.roster import Member
from lookalike.stores.paging import Answer

_EXACT_TIMES = 4
_EXACT_LEAST = 1000
"""Codes that are looked at where all answers are wanted; embeddings are read of those in doubt."""


def search(
    catalogue: Catalogue,
    encoder: Member,
    index: VectorIndex,
    query: NDArray[np.float32],
    limit: int,
    where: Any,
    exactly: bool,
) -> tuple[list[Answer], bool]:
    """Up to `limit` nearest by cosine distance, ties by id; whether they are all.

    `query` is of the index's space, `where` a filter of the engine. What is asked exactly is what
    comparing with every embedding gives: as many codes are looked at as may belong to it.
    """
    values = query.tolist()
    asked = math.ceil(limit * index.oversampling)
    if exactly:
        asked = max(_EXACT_TIMES * asked, _EXACT_LEAST)
    while True:
        found, complete = index.search(values, asked, where, exact=exactly)
        near = _in_doubt(found, limit, index.error)
        if complete or not exactly or len(near) < len(found):
            break
        asked *= _EXACT_TIMES
    ids = [key for _, key in near]
    distances = exact.distances(catalogue, encoder, index.space, query, ids)
    answers = sorted((distance, key) for key, distance in distances.items())
    return answers[:limit], complete and len(found) <= limit


def _in_doubt(found: list[Answer], limit: int, error: float) -> list[Answer]:
    """Those that can be among the `limit` nearest, each distance being off by `error` at most."""
    if len(found) <= limit:
        return found
    farthest = found[limit - 1][0] + 2 * error
    return [one for one in found if one[0] <= farthest]
