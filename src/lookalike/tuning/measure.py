"""Recall and latency of an index over a ladder of search parameters."""

import time
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.indexes.parameters import Value
from lookalike.stores.base import Progress, QueryPart, Store
from lookalike.tuning.exact import Truth
from lookalike.tuning.ladder import ladder
from lookalike.tuning.queries import Queries
from lookalike.tuning.results import Asked, Step

_SAME = 1e-4
"""Cosines that differ by less are the same: stores round vectors, and copies lie together."""
_FULL = 0.9995
"""Recall above which nothing more is to be had."""
_BEYOND = 2
"""Steps measured beyond the first that reaches the recall, for the cost of more of it."""
_AT_A_TIME = 1000
_WARM_UP = 10


def measure(
    store: Store,
    encoder: str,
    asked: Sequence[tuple[Queries, Truth]],
    limit: int,
    *,
    recall: float,
    progress: Progress | None = None,
) -> tuple[tuple[Step, ...], Step | None]:
    """The steps of the ladder of an encoder's index, and the fastest that reaches the recall.

    Of those that are more thorough only the next two are measured.
    """
    index = store.index(encoder)
    settings = ladder(index, store.place, limit)
    steps: list[Step] = []
    for done, setting in enumerate(settings):
        if progress is not None:
            progress(f"search {index.kind}", done, len(settings))
        with store.searching(encoder, setting):
            steps.append(_step(store, encoder, asked, limit, setting))
        reached = sum(step.reaches(recall) for step in steps)
        if steps[-1].reaches(_FULL) or reached > _BEYOND:
            break
    if progress is not None:
        progress(f"search {index.kind}", len(settings), len(settings))
    reaching = [step for step in steps if step.reaches(recall)]
    # Latencies of neighbouring steps differ by chance: the first that reaches it is the gentlest.
    return tuple(steps), reaching[0] if reaching else None


def _step(
    store: Store,
    encoder: str,
    asked: Sequence[tuple[Queries, Truth]],
    limit: int,
    setting: Mapping[str, Value],
) -> Step:
    recalls: dict[Asked, float] = {}
    medians: dict[Asked, float] = {}
    slow: dict[Asked, float] = {}
    for queries, truth in asked:
        for vector in queries.vectors[:_WARM_UP]:
            _search(store, encoder, vector, limit)
        answers, seconds = [], []
        for vector, own in zip(queries.vectors, queries.own.tolist(), strict=True):
            started = time.perf_counter()
            found = _search(store, encoder, vector, limit + (own >= 0))
            seconds.append(time.perf_counter() - started)
            answers.append([key for key in found if key != own][:limit])
        recalls[queries.asked] = _recall(store, encoder, queries, truth, answers)
        medians[queries.asked], slow[queries.asked] = (
            float(value) * 1e3 for value in np.percentile(seconds, [50, 95])
        )
    return Step(setting, recalls, medians, slow)


def _search(store: Store, encoder: str, vector: NDArray[np.float32], limit: int) -> list[int]:
    return [one.id for one in store.nearest(encoder, [QueryPart(vector, projected=True)], limit)]


def _recall(
    store: Store,
    encoder: str,
    queries: Queries,
    truth: Truth,
    answers: Sequence[Sequence[int]],
) -> float:
    """The mean share of the true nearest that were found; what is as near as the last counts."""
    strange = sorted(
        {
            key
            for found, true in zip(answers, truth.ids, strict=True)
            for key in set(found).difference(true.tolist())
        }
    )
    vectors = {}
    for start in range(0, len(strange), _AT_A_TIME):
        vectors.update(store.compared(encoder, strange[start : start + _AT_A_TIME]))
    shares = []
    for vector, found, ids, cosines in zip(
        queries.vectors, answers, truth.ids, truth.cosines, strict=True
    ):
        true = ids[ids >= 0].tolist()
        if not true:
            continue
        last = float(cosines[len(true) - 1]) - _SAME
        right = sum(
            key in true or (key in vectors and float(vectors[key] @ vector) >= last)
            for key in set(found)
        )
        shares.append(min(right, len(true)) / len(true))
    return float(np.mean(shares)) if shares else 1.0
