"""Pages of one query that never repeat or skip a record, though the index is approximate.

The order of all answers is fixed for a query: first the engine's best 16, then what its best 128
add, then what an exact search adds; each part in order of distance and id. Only the parts that
a page touches are computed.
"""

from collections.abc import Callable

TIERS = (16, 128)

Answer = tuple[float, int]
"""(distance, id)."""

Search = Callable[[int, bool], tuple[list[Answer], bool]]
"""search(limit, exact): up to `limit` nearest in order, and whether there are no others.

Answers that tie with the first one left out must be left out as well.
"""


def page(
    search: Search, offset: int, limit: int, max_distance: float | None = None
) -> list[Answer]:
    """The answers from `offset` on, at most `limit` of them, none farther than `max_distance`."""
    end = offset + limit
    answers: list[Answer] = []
    for size in TIERS:
        found, complete = search(size, False)
        answers = _joined(answers, found)
        if complete or len(answers) >= end or _passed(found, max_distance):
            break
        if len(found) < size:
            # Few answers, or many that tie: the next approximate part would be no fuller.
            answers = _with_exact(search, answers, end)
            break
    else:
        answers = _with_exact(search, answers, end)
    if max_distance is not None:
        answers = [one for one in answers if one[0] <= max_distance]
    return answers[offset:end]


def _passed(found: list[Answer], max_distance: float | None) -> bool:
    return max_distance is not None and bool(found) and found[-1][0] > max_distance


def _with_exact(search: Search, answers: list[Answer], end: int) -> list[Answer]:
    size = end
    while True:
        found, complete = search(size, True)
        joined = _joined(answers, found)
        if complete or len(joined) >= end:
            return joined
        size *= 2


def _joined(answers: list[Answer], found: list[Answer]) -> list[Answer]:
    """The answers, then those found that are not among them."""
    if not answers:
        return found
    seen = {key for _, key in answers}
    return answers + [one for one in found if one[1] not in seen]
