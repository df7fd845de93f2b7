"""The Hamming table against plain Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.stores.local.hamming import HammingTable, words_of


def hashes(count: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, width)).astype(np.uint8)


@pytest.mark.parametrize("width", [1, 2, 8, 16, 18, 32])
def test_all_within_the_radius_are_found_in_order(width: int) -> None:
    table = hashes(70_000 if width == 8 else 3000, width)
    table[100:120] = table[7]
    ids = np.arange(len(table)) * 3
    made = HammingTable(ids, words_of(table))
    query = table[7].copy()
    query[0] ^= 1
    radius = width * 3
    distances = np.unpackbits(table ^ query, axis=1).sum(axis=1)
    expected = sorted(
        (int(distances[row]), int(ids[row])) for row in np.flatnonzero(distances <= radius)
    )
    found = made.within(words_of(query[None])[0], radius)
    assert [(one.distance, one.id) for one in found] == expected
    assert len(found) >= 21
    some = made.within(words_of(query[None])[0], radius, among=ids[90:110])
    assert [one.id for one in some] == [key for _, key in expected if key in set(ids[90:110])]


CHANGE = st.tuples(
    st.booleans(), st.dictionaries(st.integers(0, 30), st.integers(0, 255), max_size=6)
)


@settings(deadline=None)
@given(st.lists(CHANGE, max_size=12))
def test_changes_are_kept_up_with(changes: list[tuple[bool, dict[int, int]]]) -> None:
    table = HammingTable(np.empty(0, np.int64), np.empty((0, 1), np.uint64))
    model: dict[int, int] = {}
    for removing, some in changes:
        ids = np.array(list(some), np.int64)
        if removing:
            table.remove(ids)
            model = {key: value for key, value in model.items() if key not in some}
        elif some:
            table.put(ids, words_of(np.array([[value] for value in some.values()], np.uint8)))
            model.update(some)
        assert len(table) == len(model)
        found = table.within(np.zeros(1, np.uint64), 64)
        assert {one.id: one.distance for one in found} == {
            key: value.bit_count() for key, value in model.items()
        }


def test_a_search_sees_one_moment() -> None:
    table = HammingTable(np.arange(5), words_of(hashes(5, 8)))
    before = table._state
    table.put(np.arange(5, 2000), words_of(hashes(1995, 8)))
    table.put(np.array([2]), np.zeros((1, 1), np.uint64))
    table.remove(np.array([0]))
    assert (before[1][: before[2]] == words_of(hashes(5, 8))).all()
