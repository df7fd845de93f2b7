"""Rows and pictures brought together."""

import os
from pathlib import Path
from typing import Any

import pytest

from lookalike.errors import NotFoundError, UsageError
from lookalike.imaging import DEFAULT_LIMITS
from lookalike.sources.base import Failure, Item
from lookalike.sources.table import Join, TableSource

PATTERN = "images/{article_id:.3}/{article_id}.jpg"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Three pictures in folders by the first digits of their ids."""
    for name in ("0108775015", "0108775044", "0110065001"):
        path = tmp_path / "images" / name[:3] / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path


def source(shop: Path, rows: str, **join: Any) -> TableSource:
    path = shop / "products.csv"
    path.write_text(rows)
    ignore = join.pop("ignore", ())
    made = Join(**{"id": "article_id", **join})
    return TableSource(path, made, limits=DEFAULT_LIMITS, ignore=ignore)


def split(found: TableSource) -> tuple[list[Item], list[Failure]]:
    all_of = list(found)
    items = [one for one in all_of if isinstance(one, Item)]
    return items, [one for one in all_of if isinstance(one, Failure)]


ROWS = """article_id,prod_name,price
0108775015,Strap top,9.99
0108775044,"Strap top, long",
0110065001,OP T-shirt,19.5
"""


def test_a_pattern_joins_rows_to_pictures(shop: Path) -> None:
    found = source(shop, ROWS, path_pattern=PATTERN, types="price=float")
    items, failures = split(found)
    assert not failures
    assert not found.notices
    first = items[0]
    assert first.uri == str(shop / "images/010/0108775015.jpg")
    assert first.attributes == {"article_id": "0108775015", "prod_name": "Strap top", "price": 9.99}
    assert first.id is None
    assert first.size == 10
    assert first.read() == b"0108775015"
    assert items[1].attributes is not None
    assert items[1].attributes["price"] is None


def test_without_a_pattern_names_are_ids(shop: Path) -> None:
    items, failures = split(source(shop, ROWS))
    assert [Path(item.uri).stem for item in items] == ["0108775015", "0108775044", "0110065001"]
    assert not failures
    (shop / "images" / "0110065001.png").touch()
    items, failures = split(source(shop, ROWS))
    assert len(items) == 2
    assert "row 4: 2 pictures are called 0110065001" in failures[0].reason


def test_an_int_is_the_records_id_too(shop: Path) -> None:
    join = {"path_pattern": "images/{article_id:010d}.jpg", "types": {"article_id": "int"}}
    for name in ("0108775015", "0108775044", "0110065001"):
        (shop / "images" / f"{name}.jpg").touch()
    items, _ = split(source(shop, ROWS, **join))
    assert [item.id for item in items] == [108775015, 108775044, 110065001]
    assert items[0].attributes is not None
    assert items[0].attributes["article_id"] == 108775015
    _, failures = split(source(shop, ROWS + f"{2**63},x,1\n-1,y,1\n", **join))
    assert [failure.reason.split(":")[0] for failure in failures] == ["row 5", "row 6"]


def test_what_is_wrong_with_a_row_is_listed_and_stops_nothing(shop: Path) -> None:
    rows = (
        ROWS
        + "0108775015,again,1\n,no id,1\n0999999999,no picture,1\n0110065001x,bad,1.2.3\nshort\n"
    )
    items, failures = split(source(shop, rows, path_pattern=PATTERN, types="price=float"))
    assert len(items) == 3
    table = str(shop / "products.csv")
    assert [(failure.uri, failure.reason) for failure in failures] == [
        (f"{table}#row=5", "row 5: the id 0108775015 is that of row 2 already"),
        (f"{table}#row=6", "row 6: article_id: None is no id (a text or an int)"),
        (
            str(shop / "images/099/0999999999.jpg"),
            "no such file or directory (row 7 of products.csv)",
        ),
        (f"{table}#row=8", "row 8: price: '1.2.3' is no float"),
        (f"{table}#row=9", "row 9: it has 1 field, the header 3"),
    ]


def test_two_rows_cannot_have_one_picture(shop: Path) -> None:
    rows = "article_id,file\n1,images/010/0108775015.jpg\n2,images/010/../010/0108775015.jpg\n"
    rows += "3,images/010//0108775015.jpg\n"
    items, failures = split(source(shop, rows, path_column="file"))
    assert [item.attributes["article_id"] for item in items if item.attributes] == ["1"]
    assert "leads out of" in failures[0].reason
    assert "is that of row 2 already" in failures[1].reason


@pytest.mark.parametrize("path", ["../secret.jpg", "/etc/passwd", "a/../../x.jpg", ".", "..", "\0"])
def test_a_path_never_leaves_the_folder(shop: Path, path: str) -> None:
    (shop.parent / "secret.jpg").touch()
    items, failures = split(source(shop, f'article_id,file\n1,"{path}"\n', path_column="file"))
    assert not items
    assert len(failures) == 1


def test_paths_and_urls_of_a_column(shop: Path) -> None:
    absolute = shop / "images/011/0110065001.jpg"
    rows = f"article_id,file\n1,images/010/0108775015.jpg\n2,{absolute}\n3,https://x.org/a.jpg\n"
    items, failures = split(source(shop, rows, path_column="file"))
    assert not failures
    assert [item.uri for item in items] == [
        str(shop / "images/010/0108775015.jpg"),
        str(absolute),
        "https://x.org/a.jpg",
    ]


def test_a_link_is_followed_as_in_folders(shop: Path, tmp_path_factory: Any) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "7.jpg").write_bytes(b"seven")
    os.symlink(elsewhere, shop / "linked")
    items, _ = split(source(shop, "article_id\n7\n", path_pattern="linked/{article_id}.jpg"))
    assert items[0].read() == b"seven"


def test_pictures_without_a_row_are_counted_or_added(shop: Path) -> None:
    rows = "\n".join(ROWS.splitlines()[:2]) + "\n"
    found = source(shop, rows, path_pattern=PATTERN)
    items, _ = split(found)
    assert len(items) == 1
    assert found.notices == [
        "2 pictures have no row in products.csv and were left out: "
        "images/010/0108775044.jpg, images/011/0110065001.jpg; --unlisted adds them"
    ]
    found = source(shop, rows, path_pattern=PATTERN, unlisted=True)
    items, _ = split(found)
    assert [len(item.attributes or {}) for item in items] == [3, 0, 0]
    assert not found.notices
    found = source(shop, rows, path_pattern=PATTERN, ignore=["011/"])
    split(found)
    assert found.notices[0].startswith("1 picture has no row in products.csv and was left out")


def test_columns_choose_the_attributes(shop: Path) -> None:
    items, _ = split(source(shop, ROWS, path_pattern=PATTERN, columns=["prod_name"]))
    assert items[0].attributes == {"article_id": "0108775015", "prod_name": "Strap top"}


@pytest.mark.parametrize(
    ("join", "says"),
    [
        (
            {"id": "sku"},
            "id: products.csv has no column 'sku'; it has article_id, prod_name, price",
        ),
        ({"path_pattern": "{sku}.jpg"}, "path pattern: .* 'sku'"),
        ({"path_column": "file"}, "path column: .* 'file'"),
        ({"types": "cost=float"}, "types: .* 'cost'"),
        ({"columns": ["colour"]}, "columns: .* 'colour'"),
        ({"path_pattern": "{price}.jpg", "path_column": "price"}, "not both"),
        ({"path_pattern": "../{price}.jpg"}, "leads out of"),
        ({"path_pattern": "/etc/{price}.jpg"}, "leads out of"),
        ({"path_pattern": "images/../../{price}.jpg"}, "leads out of"),
    ],
)
def test_what_is_wrong_with_the_whole_is_found_first(
    shop: Path, join: dict[str, Any], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        source(shop, ROWS, **join)


def test_json_lines_say_their_columns_by_themselves(shop: Path) -> None:
    path = shop / "products.jsonl"
    path.write_text(
        '{"article_id": "0108775015", "a": 1}\n{"article_id": "0110065001", "b": 2.5}\n'
    )
    found = TableSource(path, Join("article_id", path_pattern=PATTERN), limits=DEFAULT_LIMITS)
    items, failures = split(found)
    assert not failures
    assert [item.attributes for item in items] == [
        {"article_id": "0108775015", "a": 1},
        {"article_id": "0110065001", "b": 2.5},
    ]
    with pytest.raises(UsageError, match="it has article_id, a, b"):
        TableSource(path, Join("sku"), limits=DEFAULT_LIMITS)


def test_no_rows_and_no_folder(shop: Path) -> None:
    with pytest.raises(UsageError, match="has no rows"):
        source(shop, "article_id\n")
    with pytest.raises(NotFoundError, match="no folder"):
        source(shop, ROWS, root=shop / "missing")


def test_a_column_without_a_name_is_no_attribute(shop: Path) -> None:
    path = shop / "products.jsonl"
    path.write_text('{"": 7, " ": 8, "article_id": "0108775015", "price": 1}\n')
    items, failures = split(TableSource(path, Join("article_id"), limits=DEFAULT_LIMITS))
    assert not failures
    assert items[0].attributes == {"article_id": "0108775015", "price": 1}
