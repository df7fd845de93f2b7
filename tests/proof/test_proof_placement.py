"""How one picture lies in another, and what part of both that is."""

import numpy as np
import pytest

pytest.importorskip("cv2")

from lookalike.proof.pairs import Pairs
from lookalike.proof.placement import is_sane, moved, placements
from lookalike.proof.region import region

SIZE = (400, 300)


def similarity(scale: float, degrees: float, x: float, y: float) -> np.ndarray:
    cos, sin = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    return np.array([(cos, -sin, x), (sin, cos, y), (0, 0, 1)])


def made_pairs(matrix: np.ndarray, right: int, wrong: int, seed: int = 1) -> Pairs:
    """Pairs that agree on a placement, among others that agree on none."""
    rng = np.random.default_rng(seed)
    other = rng.uniform((10, 10), (390, 290), (right + wrong, 2))
    query = moved(matrix, other)
    query[right:] = rng.uniform(0, 600, (wrong, 2))
    scale = np.full(len(other), np.hypot(*matrix[:2, 0]))
    turn = np.full(len(other), np.arctan2(matrix[1, 0], matrix[0, 0]))
    scale[right:] = np.exp(rng.uniform(-1.5, 1.5, wrong))
    turn[right:] = rng.uniform(-3, 3, wrong)
    return Pairs(query, other, scale, turn)


@pytest.mark.parametrize("degrees", [0, 45, 170, -90])
@pytest.mark.parametrize("scale", [0.3, 1.0, 2.5])
def test_a_few_right_pairs_among_many_wrong_ones_are_enough(scale: float, degrees: float) -> None:
    matrix = similarity(scale, degrees, 200, 150)
    best = placements(made_pairs(matrix, 12, 150), SIZE)[0]
    assert best.inliers >= 11
    corners = np.array([(0.0, 0.0), (400, 0), (400, 300), (0, 300)])
    assert moved(best.matrix, corners) == pytest.approx(moved(matrix, corners), abs=5 * scale + 2)


def test_pairs_that_agree_on_nothing_give_no_placement_of_more_than_a_few() -> None:
    found = placements(made_pairs(similarity(1, 0, 0, 0), 0, 200), SIZE)
    assert all(one.inliers < 8 for one in found)
    assert placements(made_pairs(similarity(1, 0, 0, 0), 2, 0), SIZE) == []


def test_two_placements_are_found_that_with_more_pairs_first() -> None:
    first, second = (
        made_pairs(matrix, count, 0, seed)
        for matrix, count, seed in (
            (similarity(0.5, 0, 0, 0), 20, 3),
            (similarity(0.5, 0, 300, 250), 40, 4),
        )
    )
    pairs = Pairs(
        *(
            np.concatenate([getattr(first, name), getattr(second, name)])
            for name in ("query", "other", "scale", "turn")
        )
    )
    found = placements(pairs, SIZE)
    assert len(found) == 2
    assert found[0].inliers >= 37
    assert 18 <= found[1].inliers <= 20
    assert found[0].matrix[:2, 2] == pytest.approx((300, 250), abs=1)


def test_many_features_at_one_place_count_once() -> None:
    pairs = made_pairs(similarity(1, 0, 0, 0), 12, 0)
    again = Pairs(
        *(
            np.repeat(getattr(pairs, name), 5, axis=0)
            for name in ("query", "other", "scale", "turn")
        )
    )
    assert placements(again, SIZE, most=1)[0].inliers == 12


@pytest.mark.parametrize(
    ("matrix", "sane"),
    [
        (similarity(1, 30, 5, 5), True),
        (np.diag([-1.0, 1, 1]), False),  # flipped
        (np.diag([1.0, 0.1, 1]), False),  # pressed flat
        (np.diag([0.001, 0.001, 1]), False),  # shrunk to a dot
        (np.array([(1, 0, 0), (0, 1, 0), (-1 / 300, 0, 1.0)]), False),  # through the horizon
        (np.array([(1, 0, 0), (0, 1, 0), (0.0005, 0, 1.0)]), True),  # seen from a side
        (np.full((3, 3), np.nan), False),
    ],
)
def test_only_what_a_photograph_can_look_like_is_sane(matrix: np.ndarray, sane: bool) -> None:
    assert is_sane(matrix, SIZE) is sane


def test_the_region_of_a_picture_inside_another() -> None:
    found = region(similarity(0.5, 0, 100, 50), (800, 600), SIZE)
    assert found is not None
    assert found.other_share == pytest.approx(1)
    assert found.query_share == pytest.approx(200 * 150 / (800 * 600))
    assert found.query_corners[0] == pytest.approx((100, 50))


def test_the_region_of_a_turned_piece_lies_turned_in_the_whole() -> None:
    matrix = np.linalg.inv(similarity(1, 20, 150, 100))  # the query is a turned piece of it
    found = region(matrix, (100, 80), SIZE)
    assert found is not None
    assert found.query_share == pytest.approx(1, abs=1e-3)
    assert found.other_share == pytest.approx(100 * 80 / (400 * 300), rel=1e-3)
    assert found.other_corners[0] == pytest.approx((150, 100), abs=0.1)
    assert moved(matrix, found.other_corners) == pytest.approx(found.query_corners, abs=1e-3)


def test_pictures_that_do_not_overlap_have_no_region() -> None:
    assert region(similarity(1, 0, 5000, 0), (800, 600), SIZE) is None


def test_a_placement_without_an_inverse_has_no_region() -> None:
    assert region(np.array([(1.0, 1, 0), (1, 1, 0), (0, 0, 1)]), (800, 600), SIZE) is None
