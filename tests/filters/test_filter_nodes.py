"""What a filter means: the reference that every store must agree with."""

import pytest

from lookalike.errors import FilterError
from lookalike.filters import all_of, parse, tenant_is, uri_within
from lookalike.records import Record

RECORD = Record(
    7,
    "/photos/cats/tom.jpg",
    tenant="t1",
    size=2048,
    modified_ns=1_600_000_000_500_000_000,
    width=640,
    format="jpeg",
    attributes={
        "price": 19.5,
        "stock": 0,
        "sold": False,
        "name": "Blue chair",
        "tags": ["blue", "wood", 3, True, None],
        "empty": [],
        "none": None,
        "maker": {"town": "Oslo", "codes": [1, 2]},
        "sum": 0.1 + 0.2,
        "big": 2**53 + 1,
    },
    added=100.0,
    updated=200.5,
)


@pytest.mark.parametrize(
    "text",
    [
        "price < 20 and price > 19 and price == 19.5 and price >= 19.5 and price <= 19.5",
        "sold == false and not (sold == 0) and not (stock == false)",
        "name startswith 'Blue' and name contains 'e ch' and not (name startswith 'blue')",
        "tags == 'blue' and tags == 3 and tags == true and tags in ['x', 'wood']",
        "tags > 2 and not (tags > 3)",
        "tags != 'red' and not (tags != 'blue')",
        "none is null and nowhere is null and maker.street is null and name.x is null",
        "empty is not null and maker is not null and not (empty == 1)",
        "maker.town == 'Oslo' and maker.codes == 2",
        "not (name == 3) and not (price == '19.5') and name != 3",
        "nowhere != 3 and not (nowhere < 3) and not (nowhere >= 3)",
        "price not in [1, 2] and price in [19.5, 'x']",
        "sum == 0.3 and sum <= 0.3 and sum >= 0.3 and not (sum > 0.3)",
        "big == 9007199254740992",
        "id == 7 and id in [6, 7] and id < 8",
        "uri startswith '/photos/' and tenant == 't1' and format in ['png', 'jpeg']",
        "size == 2048 and width > 100 and height is null and not (height == 0)",
        "added < '2000-01-01' and updated == 200.5 and modified > '2020-09-13T12:26:40Z'",
    ],
)
def test_record_passes(text: str) -> None:
    for part in [text, *text.split(" and ")]:
        assert parse(part).matches(RECORD), part
        assert not parse(f"not ({part})").matches(RECORD), part


def test_folder_holds_only_what_is_below_it() -> None:
    def held(folder: str, uri: str) -> bool:
        return uri_within(folder).matches(Record(1, uri))

    assert held("/a/b", "/a/b/c.jpg")
    assert held("/a/b/", "/a/b/c/d.jpg")
    assert held("/", "/a.jpg")
    assert not held("/a/b", "/a/bc/d.jpg")
    assert not held("/a/b", "/a/b")
    assert held("https://x.org/p", "https://x.org/p/1.jpg")
    assert not held("https://x.org/p", "https://x.org/pp/1.jpg")
    assert held("C:\\photos", "C:\\photos\\a.jpg")
    assert not held("C:\\photos", "C:\\photos2\\a.jpg")
    assert held("/a b", "file:///a%20b/%FF.jpg")
    assert not held("/a b", "file:///a%20bc/%FF.jpg")


def test_filters_add_up() -> None:
    price, name = parse("price < 20 and price > 1"), parse("name == 'x'")
    assert all_of() is None
    assert all_of(None, None) is None
    assert all_of(None, name) is name
    both = all_of(price, None, tenant_is("t1"))
    assert both is not None
    assert both.matches(RECORD)
    assert both == parse("price < 20 and price > 1 and tenant == 't1'")


def test_what_no_record_can_hold_is_refused() -> None:
    with pytest.raises(FilterError, match="NUL"):
        tenant_is("a\0")
    with pytest.raises(FilterError, match="NUL"):
        uri_within("a\0")
