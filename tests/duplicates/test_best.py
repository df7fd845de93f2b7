"""Which record is the best of a group, and why."""

import pytest

from lookalike.duplicates.best import CRITERIA, key, order, order_of_twins, why
from lookalike.errors import UsageError
from lookalike.records import Record

YEAR = 365.25 * 86_400 * 1e9


def record(id_: int = 1, uri: str = "/p/a.jpg", **facts: object) -> Record:
    usual = {"width": 400, "height": 300, "size": 1000, "modified_ns": 10**18, "format": "jpeg"}
    return Record(id_, uri, **{**usual, **facts})  # type: ignore[arg-type]


BASE = record()
CASES = [
    (record(2, width=4000, height=3000, size=10), "largest: 4000 × 3000, the next 400 × 300"),
    (record(2, format="png", size=10), "lossless: png, the next jpeg"),
    (record(2, size=2048), "less compressed: 2.0 KiB, the next 1000 bytes"),
    (record(2, modified_ns=10**18 - int(3.1 * YEAR)), "older by 3 years"),
    (record(2, modified_ns=10**18 - 86_400 * 10**9), "older by 1 day"),
    (record(2, uri="/p.jpg"), "shorter path"),
]


@pytest.mark.parametrize(("better", "reason"), CASES)
def test_the_better_one_comes_first_and_the_reason_says_why(better: Record, reason: str) -> None:
    first, second = sorted([BASE, better], key=key(order()))
    assert first is better
    assert why(first, second, order()) == reason


@pytest.mark.parametrize(
    "name", ["a (1).jpg", "a copy.jpg", "a - Kopie.jpg", "a_thumb.jpg", "a-small.jpg"]
)
def test_a_name_of_a_copy_is_worse_though_its_path_is_shorter(name: str) -> None:
    original, copy = record(1, f"/a/long/folder/{'x' * 20}.jpg"), record(2, f"/{name}")
    assert min([copy, original], key=key(order())) is original
    assert why(original, copy, order()) == f"the other's name is that of a copy: {name}"


def test_words_that_only_contain_such_a_name_are_no_copies() -> None:
    assert key(("path",))(record(1, "/copyright.jpg")) < key(("path",))(record(2, "/b (1).jpg"))
    assert not key(("path",))(record(1, "/smallville.jpg"))[1][0]


def test_what_is_preferred_comes_first() -> None:
    assert order("age, path") == ("age", "path", "pixels", "format", "bytes")
    assert order() == order([]) == CRITERIA
    old_small = record(2, width=10, height=10, modified_ns=1)
    assert min([BASE, old_small], key=key(order("age"))) is old_small


def test_an_unknown_criterion_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'beauty'.*pixels, format, bytes, age, path"):
        order("beauty")


def test_unknown_facts_are_worse_than_known_ones_and_ties_go_by_id() -> None:
    unknown = Record(0, "/p/a.jpg")
    assert min([unknown, BASE], key=key(order())) is BASE
    assert why(BASE, unknown, ("age",)) == "the only one whose age is known"
    twins = [record(7), record(3)]
    assert min(twins, key=key(order())).id == 3
    assert why(*twins, order()) == "the first of equals"


def test_the_pixels_of_a_frame_make_nothing_better() -> None:
    framed = record(2, width=592, height=464, border="white")
    assert min([framed, BASE], key=key(order())) is BASE
    assert why(BASE, framed, order()) == "no border: the next, 592 × 464, has a white one"
    whole = record(2, width=4000, height=3000, border="black")
    assert min([whole, BASE], key=key(order())) is whole
    assert why(whole, BASE, order()) == "largest: 4000 × 3000, the next 400 × 300"
    larger = record(3, width=900, height=700)
    assert why(larger, framed, order()) == "largest: 900 × 700, the next 592 × 464"


def test_one_that_is_named_is_the_best() -> None:
    large = record(2, width=4000, height=3000)
    assert min([large, BASE], key=key(order(), {BASE.id})) is BASE
    assert why(BASE, large, order(), {BASE.id}) == "named as the best"
    assert why(large, BASE, order(), {1, 2}).startswith("largest")


def test_of_the_same_pixels_the_older_then_the_smaller_file_is_better() -> None:
    criteria = order_of_twins(order())
    assert criteria is not None
    png = record(2, format="png", size=5000)
    assert min([png, BASE], key=key(criteria)) is BASE
    assert why(BASE, png, criteria) == "smaller file: 1000 bytes, the next 4.9 KiB"
    assert min([png, record(3, modified_ns=10**18 + 1)], key=key(criteria)) is png
    assert order_of_twins(order("path"))[0] == "path"  # type: ignore[index]
    assert order_of_twins(order("format")) is None
    assert order_of_twins(order("bytes,age")) is None
