"""From pairs to thresholds: what is promised, what stays, what is said."""

import pytest

from lookalike.calibration.evidence import Measured, Pair
from lookalike.calibration.thresholds import LOWEST, chosen
from lookalike.copies.hashing import RADIUS
from lookalike.search.verdicts import COPY_RADIUS

COPY_SCORE = 0.5


@pytest.fixture(autouse=True)
def shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped score may become another one."""
    monkeypatch.setattr("lookalike.calibration.thresholds.COPY_SCORE", COPY_SCORE)


def measured(*pairs: Pair, copies: int | None = None) -> Measured:
    wanted = sum(pair.same for pair in pairs) if copies is None else copies
    return Measured(pairs, len(pairs), wanted)


def test_many_right_pairs_lower_the_score_to_where_wrong_ones_begin() -> None:
    pairs = [Pair("copy", 0.995, 2)] * 400 + [Pair("copy", 0.4, 4)] * 100
    pairs += [Pair("different", 0.3, 10)] * 200
    found, choices, notices = chosen(measured(*pairs), 0.99)
    assert found.copy_score == pytest.approx(0.35)
    assert found.copy_radius == 7
    assert found.pairs == {"copy": 500, "different": 200}
    assert found.precision == 0.99
    assert found.made is not None
    assert not notices
    score, radius = choices
    assert (score.name, score.shipped) == ("copy score", COPY_SCORE)
    assert score.before is not None
    assert (score.before.right, score.after.right) == (400, 500)
    assert (radius.name, radius.value, radius.shipped) == ("pHash radius", 7, COPY_RADIUS)
    assert all(choice.after.promised for choice in choices)


def test_wrong_pairs_above_the_shipped_score_raise_it() -> None:
    pairs = [Pair("copy", 0.95)] * 400 + [Pair("different", 0.8)] * 30
    found, _, notices = chosen(measured(*pairs), 0.99)
    assert found.copy_score == pytest.approx(0.875)
    assert not notices


def test_few_pairs_never_loosen_and_are_said() -> None:
    pairs = [Pair("copy", 0.3, 9)] * 20 + [Pair("different", 0.1)] * 5
    found, choices, notices = chosen(measured(*pairs), 0.99)
    assert found.copy_score == COPY_SCORE
    assert found.copy_radius == COPY_RADIUS
    assert not any(choice.after.promised for choice in choices)
    assert "that takes 299 without a wrong one" in notices[0]
    assert "pHash radius" in notices[1]


def test_few_pairs_may_make_it_stricter() -> None:
    pairs = [Pair("copy", 0.999)] * 20 + [Pair("different", 0.995)] * 5
    found, _, notices = chosen(measured(*pairs), 0.99)
    assert found.copy_score == pytest.approx(0.997)
    assert "20 of 20 right are too few" in notices[0]


def test_where_the_best_hit_is_wrong_the_shipped_score_stays() -> None:
    pairs = [Pair("different", 0.99)] * 3 + [Pair("copy", 0.9)] * 50
    found, _, notices = chosen(measured(*pairs), 0.99)
    assert found.copy_score == COPY_SCORE
    assert "no threshold makes 99%" in notices[0]


def test_where_equal_hashes_are_no_copies_the_strictest_radius_is_taken() -> None:
    pairs = [Pair("different", 0.1, 0)] * 3 + [Pair("copy", 0.9, 0)] * 5
    found, (_, radius), notices = chosen(measured(*pairs), 0.99)
    assert found.copy_radius == 0
    assert str(radius.value) == "0.0"
    assert "pHash radius: not even of equal hashes 99% are copies here" in notices[-1]


def test_there_are_limits_to_what_any_measurement_lowers() -> None:
    pairs = [Pair("copy", 0.01, RADIUS)] * 500
    found, _, _ = chosen(measured(*pairs), 0.99)
    assert found.copy_score == LOWEST
    assert found.copy_radius == RADIUS


def test_copies_that_were_no_hit_count_against_recall_only() -> None:
    pairs = [Pair("copy", 0.9)] * 300 + [Pair("copy", 0.0)] * 100
    _, (score,), _ = chosen(measured(*pairs), 0.99)
    assert score.after.recall == pytest.approx(0.75)
    assert score.after.precision == 1


def test_similar_is_chosen_for_each_encoder_only_where_labelled() -> None:
    pairs = [Pair("similar", 0.0, None, {"one": 0.7, "two": 0.9})] * 30
    pairs += [Pair("different", 0.0, None, {"one": 0.3, "two": 0.95})] * 30
    found, _, notices = chosen(measured(*pairs), 0.99)
    assert found.similar == {"one": pytest.approx(0.5)}
    assert any("no score by two makes 95%" in notice for notice in notices)
    unlabelled = [Pair("copy", 0.9, None, {"one": 0.7})] * 30
    unlabelled += [Pair("different", 0.0, None, {"one": 0.3})] * 30
    assert chosen(measured(*unlabelled), 0.99)[0].similar == {}
