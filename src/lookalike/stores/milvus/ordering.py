"""All answers to a query in an order that does not depend on how many are asked for.

So pages never repeat or skip a record, though the index is approximate and a server gives no more
than `WINDOW` answers at once. The order is: what the first tier of the index finds, then what the
next ones add, then what lies behind the last of those, window by window, then what all of them
overlooked; each part in order of distance and id. Of answers that tie with the first one that the
server left out, which ones it gives is chance, so those are left to the part that has them all.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile

import numpy as np

from lookalike.records import MAX_ID
from lookalike.stores.milvus.asking import WINDOW, Answer, Limits
from lookalike.stores.milvus.expressions import among
from lookalike.stores.milvus.filter_terms import all_of
from lookalike.stores.milvus.tiers import Tier

Ask = Callable[[Limits, str], list[Answer]]
"""ask(limits, expression): the nearest of what also matches the expression, nearest first."""
Count = Callable[[], int]
"""How many rows there are to be found."""

_BEYOND = -2.0
"""Less than the inner product of any two vectors of unit length."""
_MOST_LEFT_OUT = 50_000
"""Rows that one expression leaves out by name."""


def by_product(
    ask: Ask, count: Count, tiers: Sequence[Tier], first: int, least: float = _BEYOND
) -> Iterator[Answer]:
    """Rows by inner product, greatest first, ties by key.

    `first` is how many are likely to be wanted: it changes no order, only what is asked for.
    Rows below `least` may be left out, all of them or some.
    """
    given: set[int] = set()
    last = np.inf
    for tier in tiers:
        # More than were wanted has been given: the filter lets few of them pass.
        size = tier.most if len(given) > first else min(first + 1, tier.most)
        while True:
            found = ask(Limits(size, tier.parameters), "")
            short = len(found) < size
            kept = in_order(found if short else _without_last_ties(found))
            yield from (one for one in kept if one.key not in given)
            given.update(one.key for one in kept)
            last = min(last, kept[-1].score if kept else last)
            if (short and len(given) >= count()) or (found and found[-1].score < least):
                return
            if short or size == tier.most:
                break
            size = tier.most
    # Where a graph falls into pieces, or is only being made, a search may miss most of it, of which
    # a search within bounds misses little.
    for one in _beyond(ask, tiers[-1], np.inf if short else last, max(least, _BEYOND)):
        if one.key not in given:
            given.add(one.key)
            yield one
    # Where few rows are left, a search looks at each of them.
    while len(given) < min(count(), _MOST_LEFT_OUT):
        found = ask(Limits(tiers[-1].most, tiers[-1].parameters), f"id not in {among(given)}")
        yield from in_order(found)
        given.update(one.key for one in found)
        if not found or found[-1].score < least:
            return


def in_order(found: Sequence[Answer]) -> list[Answer]:
    """Rows by inner product, greatest first, ties by key."""
    return sorted(found, key=lambda one: (-one.score, one.key))


def _beyond(ask: Ask, tier: Tier, last: float, least: float) -> Iterator[Answer]:
    """Rows whose product is less than `last` and above `least`, window by window."""
    below = None if last == np.inf else _less(last)
    while below is None or below > least:
        limits = Limits(tier.most, tier.parameters, below, least)
        found = ask(limits, "")
        complete = len(found) < tier.most
        kept = found if complete else _without_last_ties(found)
        yield from in_order(kept)
        if complete:
            return
        below = found[-1].score
        if not kept:
            band = Limits(tier.most, tier.parameters, below, _less(below))
            yield from _by_id(ask, band, "id", 0, MAX_ID + 1)
            below = _less(below)


def by_bits(ask: Ask, radius: int, first: int) -> Iterator[tuple[int, Answer]]:
    """Ids and rows by Hamming distance up to `radius`, nearest first, ties by id.

    Of an id with two rows both are given.
    """
    low, size = 0, min(2 * first + 1, WINDOW)
    while low <= radius:
        found = ask(Limits(size, {}, low, radius + 1), "")
        complete = len(found) < size
        kept = found if complete else _without_last_ties(found)
        yield from sorted(
            ((id_of(one.key), one) for one in kept), key=lambda pair: (pair[1].score, pair[0])
        )
        if complete:
            return
        low = int(found[-1].score)
        if not kept and size == WINDOW:
            for one in _by_id(ask, Limits(WINDOW, {}, low, low + 1), "id", 0, MAX_ID + 1):
                yield id_of(one.key), one
            low += 1
        size = WINDOW


def id_of(row: int) -> int:
    """The record of a row of a table of hashes, by its primary key."""
    return row if row >= 0 else -row - 1


def _by_id(ask: Ask, band: Limits, column: str, first: int, end: int) -> Iterator[Answer]:
    """All rows of a band, more than one window of them, in order of id."""
    found = ask(band, all_of([f"{column} >= {first}", f"{column} < {end}"]))
    ids = sorted({id_of(one.key) for one in found})
    if len(found) < band.most or len(ids) < 2:
        yield from sorted(found, key=lambda one: id_of(one.key))
        return
    middle = ids[len(ids) // 2]
    yield from _by_id(ask, band, column, first, middle)
    yield from _by_id(ask, band, column, middle, end)


def _without_last_ties(found: list[Answer]) -> list[Answer]:
    """The answers before those that tie with the last one."""
    cut = found[-1].score
    return list(takewhile(lambda one: one.score != cut, found))


def _less(score: float) -> float:
    """The next smaller number of those that the server answers with."""
    return float(np.nextafter(np.float32(score), np.float32(-np.inf)))
