"""What is kept beside records and vectors, and how long: settings, decisions, skipped files."""

import math
from typing import Any

import pytest
from places import Place

from lookalike.errors import NotFoundError, UsageError
from lookalike.records import Decision, Skipped
from lookalike.stores.base import Entry, Store


@pytest.mark.parametrize(
    "value",
    [7, 2.5, True, "é\0\"'", [], {}, {"radius": 7, "names": ["é"]}, [None, [1]], "x" * 100_000],
)
def test_a_setting_is_kept_as_it_is(place: Place, value: Any) -> None:
    store = place.store
    assert store.setting("a b") is None
    store.set_setting("a b", 1)
    store.set_setting("a b", value)
    store.set_setting("other", 0)
    assert store.setting("a b") == value
    assert store.settings() == {"a b": value, "other": 0}
    other = place.opened(read_only=True)
    assert other.setting("a b") == value
    other.close()
    store.set_setting("a b", None)
    store.set_setting("never there", None)
    assert store.settings() == {"other": 0}


def test_what_json_cannot_hold_is_no_setting(store: Store) -> None:
    for value in (math.nan, {1, 2}, object()):
        with pytest.raises(UsageError, match="setting 'a' cannot be kept as JSON"):
            store.set_setting("a", value)
    assert store.setting("a") is None


def two(store: Store) -> tuple[int, int]:
    first, second = sorted(
        store.upsert([Entry("/1", sha256=b"1" * 32), Entry("/2", sha256=b"2" * 32)])
    )
    return first, second


def test_a_pairs_last_decision_counts(place: Place) -> None:
    store = place.store
    first, second = two(store)
    (third,) = store.upsert([Entry("/3")])
    low, high = sorted([second, third])
    store.decide([Decision("keep", first, second, 1.5), Decision("ignore", low, high, 2.0)])
    store.decide([Decision("different", first, second, 3.0)])
    wanted = sorted(
        [Decision("different", first, second, 3.0), Decision("ignore", low, high, 2.0)],
        key=lambda one: (one.first, one.second),
    )
    assert store.decisions() == wanted
    assert place.reopen().decisions() == wanted
    place.store.forget_decisions([wanted[0], Decision("keep", 998, 999, 0.0)])
    assert place.store.decisions() == wanted[1:]
    place.store.decide([])


def test_decisions_vanish_with_a_record_or_its_bytes(store: Store) -> None:
    first, second = two(store)
    uri = {record.id: record.uri for record in store.scan()}
    sha256 = {record.id: record.sha256 for record in store.scan()}
    kept = Decision("keep", first, second, 5.0)
    store.decide([kept])
    touched = Entry(uri[first], modified_ns=5, sha256=sha256[first])
    store.upsert([touched, Entry(uri[second], attributes={"n": 1})])
    store.move({first: Entry("/moved")})
    assert store.decisions() == [kept]
    store.upsert([Entry("/moved", sha256=b"3" * 32)])
    assert store.decisions() == []
    store.decide([kept])
    store.delete([second])
    assert store.decisions() == []


def test_decisions_are_about_two_records_in_order(store: Store) -> None:
    first, second = two(store)
    with pytest.raises(UsageError, match="names the smaller id first"):
        store.decide([Decision("keep", first, second, 0.0), Decision("keep", second, first, 0.0)])
    with pytest.raises(UsageError, match="names the smaller id first"):
        store.decide([Decision("keep", first, first, 0.0)])
    with pytest.raises(NotFoundError, match=f"no record {first} or no record {2**63 - 1}"):
        store.decide(
            [Decision("keep", first, second, 0.0), Decision("keep", first, 2**63 - 1, 0.0)]
        )
    assert store.decisions() == []


def test_skipped_files_are_remembered_within_a_tenant(place: Place) -> None:
    store = place.store
    first, second = two(store)
    files = [
        Skipped("/s", "t", 3, 4, first, "same bytes"),
        Skipped("/s", "", 5, 1_700_000_000_123_456_789, second, "same pixels"),
        Skipped("/u", "t", 5, 6, first, "é"),
    ]
    store.skip(files)
    assert store.skipped(["/s", "/u", "/1"], "t") == {"/s": files[0], "/u": files[2]}
    assert store.skipped(["/s"]) == {"/s": files[1]}
    assert store.skipped([]) == store.skipped(["/s"], "nobody") == {}
    again = Skipped("/s", "t", 7, 8, second, "near")
    store.skip([again])
    assert place.reopen().skipped(["/s"], "t") == {"/s": again}
    assert set(place.store.all_skipped()) == {files[1], files[2], again}
    assert place.store.count() == 2


def test_skipped_files_are_forgotten_with_what_they_duplicate(store: Store) -> None:
    first, second = two(store)
    uri = {record.id: record.uri for record in store.scan()}
    one, other = Skipped("/s", "", 3, 4, first, "a"), Skipped("/t", "", 3, 4, second, "b")
    store.skip([one, other])
    store.upsert([Entry(uri[first], sha256=b"3" * 32)])
    assert store.skipped(["/s", "/t"]) == {"/t": other}
    store.delete([second])
    assert store.skipped(["/s", "/t"]) == {}
    with pytest.raises(NotFoundError, match="no record 999"):
        store.skip([Skipped("/s", "", 3, 4, 999, "a")])
    assert store.skipped(["/s"]) == {}
