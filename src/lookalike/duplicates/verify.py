"""Pairs that embeddings leave in doubt, proved or not by comparing their pictures."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np

from lookalike import proof
from lookalike.copies.reading import decode_record
from lookalike.copies.reasons import by_match
from lookalike.duplicates.components import components
from lookalike.duplicates.edges import NONE, Edges, Evidence, edges
from lookalike.duplicates.rows import Rows
from lookalike.errors import MissingExtraError, PictureError
from lookalike.processors import processors
from lookalike.proof.opencv import opencv
from lookalike.records import Match, Record
from lookalike.sources.uri import is_url
from lookalike.stores.base import Progress, Store

Proofs = Mapping[frozenset[int], str]
"""What was proved, in words, by the two ids."""

SCORE = 0.99
"""Smallest score of a proof that counts; one of a hundred look-alikes may have it."""

_AT_A_TIME = 32


def proved(
    store: Store,
    rows: Rows,
    sure: Edges,
    doubtful: Edges,
    progress: Progress | None,
) -> tuple[Edges, Proofs]:
    """Compare the pictures of doubtful pairs, the nearest first.

    Photographs of one thing that were taken one after another often pass, too.

    Of pairs between the same two groups of sure copies only the nearest is compared.

    Args:
        store: where the records are.
        rows: the table.
        sure: edges that hold by themselves.
        doubtful: edges by embeddings that do not.
        progress: called as progress(stage, done, total).

    Returns:
        The edges that were proved, and the proofs in words.

    Raises:
        MissingExtraError: OpenCV is not installed.
    """
    opencv()
    open_ = _between_groups(len(rows), sure, doubtful)
    pairs = zip(open_.first.tolist(), open_.second.tolist(), strict=True)
    words: dict[frozenset[int], str] = {}
    kept: list[tuple[int, int, float]] = []
    done = 0
    with ThreadPoolExecutor(processors()) as pool:
        while some := list(islice(pairs, _AT_A_TIME)):
            ids = [int(rows.ids[row]) for pair in some for row in pair]
            records = store.get(ids)
            work = list(zip(records[::2], records[1::2], strict=True))
            for pair, two, match in zip(some, work, pool.map(_match, work), strict=True):
                if match is not None and match.score >= SCORE and two[0] and two[1]:
                    kept.append((*pair, match.score))
                    words[frozenset((two[0].id, two[1].id))] = by_match(match)
            done += len(some)
            if progress is not None:
                progress("compare pictures", done, len(open_))
    if not kept:
        return NONE, words
    first, second, scores = (np.array(column) for column in zip(*kept, strict=True))
    found = edges(first.astype(np.int64), second.astype(np.int64), Evidence.PROOF, scores)
    return found, words


def _between_groups(count: int, sure: Edges, doubtful: Edges) -> Edges:
    """The nearest doubtful pair of each two groups, the nearest of all first."""
    core = components(count, sure.first, sure.second)
    nearest = doubtful.where(np.argsort(-doubtful.value, kind="stable"))
    a, b = core[nearest.first], core[nearest.second]
    low, high = np.minimum(a, b), np.maximum(a, b)
    _, once = np.unique(low * count + high, return_index=True)
    keep = np.zeros(len(nearest), np.bool_)
    keep[once] = True
    return nearest.where(keep & (low != high))


def _match(pair: tuple[Record | None, Record | None]) -> Match | None:
    """What two pictures' proof found; None where one cannot be read, too."""
    if pair[0] is None or pair[1] is None or any(is_url(one.uri) for one in pair if one):
        return None
    small, large = sorted(pair, key=lambda one: (one.width or 0) * (one.height or 0) if one else 0)
    assert small is not None
    assert large is not None
    try:
        query = decode_record(small, min_side=proof.QUERY_SIDE, timeout=0)
        other = decode_record(large, min_side=proof.RECORD_SIDE, timeout=0)
        return proof.match(proof.extract(query, max_side=proof.QUERY_SIDE), proof.extract(other))
    except (PictureError, MissingExtraError, OSError):
        return None
