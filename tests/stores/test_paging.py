"""Pages never repeat or skip, whatever the approximate search misses."""

from hypothesis import given
from hypothesis import strategies as st

from lookalike.stores.paging import Answer, page

DISTANCES = st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.5, 0.7]), max_size=400)


class Approximate:
    """A search that misses some answers until it is asked to be exact."""

    def __init__(self, distances: list[float], missed: dict[int, set[int]]) -> None:
        self.all = sorted((distance, key) for key, distance in enumerate(distances))
        self.missed = missed

    def __call__(self, limit: int, exact: bool) -> tuple[list[Answer], bool]:
        missed = set() if exact else self.missed.get(limit, set())
        found = [one for one in self.all if one[1] not in missed]
        if len(found) <= limit:
            return found, exact
        cut = found[limit][0]
        return [one for one in found[:limit] if one[0] < cut], False


@given(
    DISTANCES | st.lists(st.floats(0, 2), max_size=400),
    st.fixed_dictionaries({16: st.sets(st.integers(0, 40)), 128: st.sets(st.integers(0, 300))}),
    st.lists(st.integers(1, 150), min_size=1, max_size=8),
    st.none() | st.sampled_from([0.0, 0.2, 0.4]),
)
def test_pages_of_any_size_are_parts_of_one_order(
    distances: list[float],
    missed: dict[int, set[int]],
    sizes: list[int],
    furthest: float | None,
) -> None:
    search = Approximate(distances, missed)
    whole = page(search, 0, 1000, furthest)
    offset, paged = 0, []
    while offset <= len(whole):
        size = sizes[offset % len(sizes)]
        paged += page(search, offset, size, furthest)
        offset += size
    assert paged == whole
    assert len(set(whole)) == len(whole)
    assert set(whole) <= set(search.all)
    if furthest is None:
        assert set(whole) == set(search.all)
    else:
        assert all(distance <= furthest for distance, _ in whole)


def test_first_page_asks_once() -> None:
    asked = []
    search = Approximate([n / 1000 for n in range(500)], {})

    def counted(limit: int, exact: bool) -> tuple[list[Answer], bool]:
        asked.append((limit, exact))
        return search(limit, exact)

    assert page(counted, 0, 10) == search.all[:10]
    assert asked == [(16, False)]
    asked.clear()
    assert page(counted, 100, 20) == search.all[100:120]
    assert asked == [(16, False), (128, False)]
    asked.clear()
    assert page(counted, 200, 20) == search.all[200:220]
    assert asked == [(16, False), (128, False), (220, True)]
