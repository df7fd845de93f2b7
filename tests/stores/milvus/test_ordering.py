"""The order of answers, over servers made of a list: exact, lazy and in pieces."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.indexes import IndexSpec
from lookalike.stores.milvus import ordering
from lookalike.stores.milvus.asking import Answer, Limits
from lookalike.stores.milvus.ordering import by_bits, by_product, id_of
from lookalike.stores.milvus.tiers import Tier, tiers_of

WINDOW = 32
TIERS = [Tier(8, {"ef": 8}), Tier(16, {"ef": 16}), Tier(WINDOW, {"ef": WINDOW})]


@pytest.fixture(autouse=True)
def small_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "WINDOW", WINDOW)


def served(
    scores: dict[int, float], *, ascending: bool, seen: Callable[[int, Limits], bool]
) -> Callable[[Limits, str], list[Answer]]:
    """A server of rows with these scores, which finds those that are `seen`."""

    def ask(limits: Limits, besides: str) -> list[Answer]:
        found = []
        for key, score in scores.items():
            if besides.startswith("id not in "):
                if key in json.loads(besides.removeprefix("id not in ")):
                    continue
            elif besides:
                low, high = (int(part.split()[-1].strip(")")) for part in besides.split(" and "))
                if not low <= id_of(key) < high:
                    continue
            if limits.nearest is not None and (
                score < limits.nearest if ascending else score > limits.nearest
            ):
                continue
            if limits.furthest is not None and (
                score >= limits.furthest if ascending else score <= limits.furthest
            ):
                continue
            if seen(key, limits) or besides.startswith("id not"):
                found.append(Answer(score, key, {}))
        # Of ties a server gives which it likes.
        found.sort(key=lambda one: (one.score if ascending else -one.score, hash(str(one.key))))
        return found[: limits.most]

    return ask


def f32(value: float) -> float:
    return float(np.float32(value))


PRODUCTS = st.dictionaries(
    st.integers(0, 400), st.sampled_from([f32(n / 7) for n in range(-7, 8)]), max_size=150
)


@settings(max_examples=60, deadline=None)
@given(PRODUCTS, st.integers(1, 160))
def test_an_exact_server_gives_all_in_order_whatever_is_asked_first(
    scores: dict[int, float], first: int
) -> None:
    ask = served(scores, ascending=False, seen=lambda *_: True)
    found = list(by_product(ask, lambda: len(scores), TIERS, first))
    assert sorted(one.key for one in found) == sorted(scores)
    again = list(by_product(ask, lambda: len(scores), TIERS, 1))
    assert [one.key for one in found] == [one.key for one in again]
    assert [one.key for one in found] == sorted(scores, key=lambda key: (-scores[key], key))


@settings(max_examples=60, deadline=None)
@given(PRODUCTS, st.integers(1, 160), st.integers(2, 9))
def test_an_approximate_one_gives_all_once_in_one_order(
    scores: dict[int, float], first: int, blind: int
) -> None:
    def seen(key: int, limits: Limits) -> bool:
        # The more is kept in sight, the less is overlooked; within bounds nothing is.
        return limits.furthest is not None or key % blind < limits.parameters["ef"] % 7

    ask = served(scores, ascending=False, seen=seen)
    found = [one.key for one in by_product(ask, lambda: len(scores), TIERS, first)]
    assert sorted(found) == sorted(scores)
    assert found == [one.key for one in by_product(ask, lambda: len(scores), TIERS, 3)]


@settings(max_examples=60, deadline=None)
@given(PRODUCTS, st.integers(1, 160), st.integers(2, 9))
def test_what_is_overlooked_within_bounds_too_comes_last(
    scores: dict[int, float], first: int, blind: int
) -> None:
    ask = served(scores, ascending=False, seen=lambda key, _: bool(key % blind))
    found = [one.key for one in by_product(ask, lambda: len(scores), TIERS, first)]
    assert sorted(found) == sorted(scores)
    assert found == [one.key for one in by_product(ask, lambda: len(scores), TIERS, 3)]
    last = [key for key in scores if key % blind == 0]
    assert sorted(found[len(scores) - len(last) :]) == sorted(last)


@settings(max_examples=60, deadline=None)
@given(PRODUCTS, st.sampled_from([f32(n / 7) for n in range(-7, 8)]), st.integers(1, 160))
def test_nothing_above_the_least_is_missed(
    scores: dict[int, float], least: float, first: int
) -> None:
    ask = served(scores, ascending=False, seen=lambda *_: True)
    found = [one.key for one in by_product(ask, lambda: len(scores), TIERS, first, least - 1e-6)]
    expected = sorted(scores, key=lambda key: (-scores[key], key))
    assert found[: len(expected)] == expected[: len(found)]
    assert set(found) >= {key for key, score in scores.items() if score >= least}


def test_one_request_where_one_is_enough() -> None:
    asked = []
    scores = {key: f32(key / 100) for key in range(100)}
    server = served(scores, ascending=False, seen=lambda *_: True)

    def ask(limits: Limits, besides: str) -> list[Answer]:
        asked.append(limits)
        return server(limits, besides)

    answers = by_product(ask, lambda: 100, TIERS, 5)
    assert [next(answers).key for _ in range(5)] == [99, 98, 97, 96, 95]
    assert [limits.most for limits in asked] == [6]


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.integers(-150, 150), st.integers(0, 9).map(float), max_size=200),
    st.integers(0, 9),
    st.integers(1, 80),
)
def test_hashes_come_by_distance_then_id(scores: dict[int, float], radius: int, first: int) -> None:
    ask = served(scores, ascending=True, seen=lambda *_: True)
    found = [(row.score, key) for key, row in by_bits(ask, radius, first)]
    expected = sorted((bits, id_of(row)) for row, bits in scores.items() if bits <= radius)
    assert found == expected


def test_tiers_grow_with_what_an_index_keeps_in_sight() -> None:
    assert [tier.most for tier in tiers_of(IndexSpec.parse("HNSW:ef=96"))] == [96, 1024, 16384]
    assert tiers_of(IndexSpec.parse("HNSW:ef=96"))[0].parameters == {"ef": 96}
    assert [tier.most for tier in tiers_of(IndexSpec.parse("FLAT"))] == [16384]
    cells = tiers_of(IndexSpec.parse("IVF_FLAT:nlist=64,nprobe=8"))
    assert [tier.parameters["nprobe"] for tier in cells] == [8, 64]
    assert max(tier.most for tier in tiers_of(IndexSpec.parse("GPU_CAGRA"))) == 1024
