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
    while True:
        found, complete = index.search(values, asked, where, exact=exactly)
        answers = _compared(catalogue, encoder, index, query, found)
        if complete or not exactly or _settled(answers, found, limit, index.error):
            return answers[:limit], complete and len(answers) <= limit
        asked *= 2


def _compared(
    catalogue: Catalogue,
    encoder: Member,
    index: VectorIndex,
    query: NDArray[np.float32],
    found: list[Answer],
) -> list[Answer]:
    ids = [key for _, key in found]
    distances = exact.distances(catalogue, encoder, index.space, query, ids)
    return sorted((distance, key) for key, distance in distances.items())


def _settled(answers: list[Answer], found: list[Answer], limit: int, error: float) -> bool:
    """Whether nothing that was not looked at can be among the first `limit` answers."""
    return len(answers) >= limit and answers[limit - 1][0] < found[-1][0] - error
