"""Groups out of edges: sure ones join whatever they join, embeddings only what is near the best."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from test_components import by_walking

from lookalike.duplicates.edges import NONE, Edges, Evidence, edges, joined
from lookalike.duplicates.grouping import apart, groups

NODES = 10
PAIRS = st.lists(
    st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)).filter(lambda p: p[0] != p[1]),
    max_size=25,
)


def of(evidence: Evidence, pairs: Sequence[tuple[int, int]]) -> Edges:
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    return edges(first, second, evidence)


def grouped(*parts: Edges, count: int = NODES) -> list[list[int]]:
    together = joined([NONE, *parts])
    return groups(together, np.arange(count)) if len(together) else []


@given(PAIRS)
def test_groups_by_hashes_are_the_connected_components(pairs: list[tuple[int, int]]) -> None:
    labels = by_walking(NODES, pairs)
    wanted = {
        tuple(node for node in range(NODES) if labels[node] == label)
        for label in labels
        if labels.count(label) > 1
    }
    assert {tuple(group) for group in grouped(of(Evidence.HASH, pairs))} == wanted


@given(PAIRS, PAIRS)
def test_a_picture_is_in_one_group_and_near_its_centre_or_half_of_it(
    sure: list[tuple[int, int]], near: list[tuple[int, int]]
) -> None:
    found = grouped(of(Evidence.HASH, sure), of(Evidence.EMBEDDING, near))
    members = [row for group in found for row in group]
    assert len(members) == len(set(members))
    core = by_walking(NODES, sure)
    for a in range(NODES):
        together = {row for row in range(NODES) if core[row] == core[a]}
        if len(together) > 1:
            (group,) = [set(group) for group in found if a in group]
            assert together <= group
    linked = {frozenset((core[a], core[b])) for a, b in near}
    for group in found:
        cores = {core[row] for row in group}
        assert group == sorted(group)

        def near_enough(one: int, centre: int, cores: set[int] = cores) -> bool:
            links = sum(frozenset((one, other)) in linked for other in cores - {one})
            return frozenset((one, centre)) in linked or 2 * links >= len(cores) - 1

        assert any(all(near_enough(one, centre) for one in cores - {centre}) for centre in cores)


def test_a_series_of_look_alikes_is_not_chained_into_one_group() -> None:
    series = [(row, row + 1) for row in range(9)]
    found = grouped(of(Evidence.EMBEDDING, series))
    assert max(len(group) for group in found) <= 3
    assert grouped(of(Evidence.HASH, series)) == [list(range(10))]


def test_a_copy_of_a_copy_joins_a_small_group_only() -> None:
    assert grouped(of(Evidence.EMBEDDING, [(0, 1), (1, 2)])) == [[0, 1, 2]]
    star = [(0, 1), (0, 2), (0, 3), (3, 4)]
    assert grouped(of(Evidence.EMBEDDING, star)) == [[0, 1, 2, 3]]


def test_what_is_near_a_sure_copy_of_the_centre_is_near_the_centre() -> None:
    found = grouped(of(Evidence.HASH, [(5, 6)]), of(Evidence.EMBEDDING, [(0, 6), (5, 9)]))
    assert found == [[0, 5, 6, 9]]


def test_of_two_edges_between_the_same_pictures_the_surest_counts() -> None:
    both = joined([of(Evidence.EMBEDDING, [(1, 2)]), of(Evidence.BYTES, [(2, 1)])])
    assert both.evidence.tolist() == [Evidence.BYTES]


@given(
    st.dictionaries(st.integers(0, 5), st.sets(st.integers(0, 5)), max_size=6),
    st.dictionaries(st.integers(0, 5), st.sets(st.integers(0, 5)), max_size=6),
)
def test_no_two_pictures_said_to_be_different_stay_together(
    near: dict[int, set[int]], different: dict[int, set[int]]
) -> None:
    every = {row: near.get(row, set()) for row in range(6)}
    both_ways = {row: {o for o in range(6) if o in different.get(row, ())} for row in range(6)}
    for row, others in list(both_ways.items()):
        for other in others:
            both_ways[other].add(row)
    for part in apart(range(6), every, both_ways):
        assert len(part) > 1
        assert not any(b in both_ways[a] for a in part for b in part if a != b)
