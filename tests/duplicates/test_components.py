"""Connected components, against a search from node to node."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lookalike.duplicates.components import components

NODES = 12


def by_walking(count: int, pairs: list[tuple[int, int]]) -> list[int]:
    near: dict[int, set[int]] = {node: set() for node in range(count)}
    for a, b in pairs:
        near[a].add(b)
        near[b].add(a)
    label = [-1] * count
    for start in range(count):
        if label[start] >= 0:
            continue
        left = [start]
        while left:
            node = left.pop()
            if label[node] < 0:
                label[node] = start
                left += near[node]
    return label


@given(st.lists(st.tuples(*[st.integers(0, NODES - 1)] * 2), max_size=30))
def test_components_are_those_of_a_walk(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    assert components(NODES, first, second).tolist() == by_walking(NODES, pairs)


def test_a_long_chain_in_any_order_is_one_component() -> None:
    count = 20_000
    order = np.random.default_rng(0).permutation(count)
    assert set(components(count, order[1:], order[:-1]).tolist()) == {0}
