"""A table joined to pictures, into a store: again, changed, with ids, pruned, interrupted."""

import csv
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ingest_parts import TinyEncoder, draw

from lookalike import filters
from lookalike.imaging import DEFAULT_LIMITS
from lookalike.ingest import IngestReport, ingest, ingest_table
from lookalike.sources.table import Join, TableSource
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

Index = Callable[..., dict[str, Any]]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Four products' pictures."""
    for i in range(4):
        draw(tmp_path / "shop" / f"p{i}" / f"{i:04}.png", i)
    return tmp_path / "shop"


@pytest.fixture
def table(shop: Path, store: LocalStore, tiny: TinyEncoder) -> Index:
    """Write products.csv with these rows and index it; gives what happened."""

    def run(rows: list[list[Any]], tenant: str = "", prune: bool = False, **join: Any) -> Any:
        with (shop / "products.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["sku", "price"], *rows])
        made = Join(**{"id": "sku", "types": "price=float", **join})
        source = TableSource(shop / "products.csv", made, limits=DEFAULT_LIMITS)
        report = ingest_table(store, [tiny], source, tenant=tenant, prune=prune)
        counts = {k: v for k, v in report.to_dict().items() if v and k != "seconds"}
        counts.pop("notices", None)
        return counts

    return run


ROWS = [["0000", "1"], ["0001", "2"], ["0002", "3"], ["0003", "4"]]
INT = {"path_pattern": "p{sku:d}/{sku:04d}.png", "types": "price=float,sku=int"}


def test_run_again_unchanged_and_with_a_new_price(table: Index, store: Any, tiny: Any) -> None:
    assert table(ROWS) == {"added": 4}
    assert table(ROWS) == {"unchanged": 4}
    assert table([*ROWS[:3], ["0003", "5"]]) == {"unchanged": 3, "updated": 1}
    assert tiny.prepared == 4
    assert store.count(filters.parse('price == 5 and sku == "0003"')) == 1


def test_an_emptied_value_is_forgotten(table: Index, store: Any) -> None:
    table(ROWS)
    table([*ROWS[:3], ["0003", ""]])
    assert store.count(filters.parse("price is null")) == 1


def test_ints_are_the_ids_of_records(table: Index, store: Any, tiny: Any, shop: Path) -> None:
    rows = [["1", "1"], ["3", "3"]]
    assert table(rows, **INT) == {"added": 2}
    assert [record.id for record in store.scan()] == [1, 3]
    assert table(rows, **INT) == {"unchanged": 2}
    # The product keeps its id when its picture gets another name.
    (shop / "p3" / "0003.png").rename(shop / "p3" / "3.png")
    moved = {**INT, "path_pattern": "p{sku:d}/{sku}.png"}
    assert table(rows[1:], **moved) == {"moved": 1}
    assert store.get([3])[0].uri == str(shop / "p3" / "3.png")
    assert tiny.prepared == 2


def test_an_id_that_is_taken_is_listed(table: Index, store: Any, tiny: Any, shop: Path) -> None:
    store.upsert([Entry("theirs", tenant="bob", id=1)])
    ingest(store, [tiny], [shop / "p3"])
    assert store.find([str(shop / "p3" / "0003.png")]).popitem()[1].id == 2
    found = table([["0", "0"], ["1", "1"], ["2", "2"], ["3", "3"]], **INT)
    assert found.pop("added") == 1
    reasons = {Path(one["uri"]).name: one["reason"] for one in found["failed"]}
    taken = "the id {} is that of another record; give this picture another"
    assert reasons == {
        "0001.png": taken.format(1),
        "0002.png": taken.format(2),
        "0003.png": "it is record 2 already, so it cannot be record 3: delete record 2 first, "
        "or let ids be text",
    }
    assert store.get([1])[0].uri == "theirs"
    assert store.get([2])[0].uri == str(shop / "p3" / "0003.png")


def test_rows_that_are_gone(table: Index, store: Any, tiny: Any, shop: Path) -> None:
    draw(shop / "plain.png", 9)
    ingest(store, [tiny], [shop / "plain.png"])
    table(ROWS)
    table(ROWS, tenant="ann")
    assert table(ROWS[:3]) == {"unchanged": 3}
    assert table(ROWS[:3], prune=True) == {"unchanged": 3, "removed": 1}
    # What never came from a row stays, and so does another tenant's.
    assert store.find([str(shop / "plain.png")])
    assert store.count(filters.tenant_is("ann")) == 4
    os.unlink(shop / "p1" / "0001.png")
    os.unlink(shop / "p2" / "0002.png")
    draw(shop / "p1" / "other.txt.png", 77)
    found = table(ROWS[:3], prune=True)
    assert found["removed"] == 1
    assert found["unchanged"] == 1


def test_nothing_is_removed_when_a_rows_picture_is_not_known(table: Index, store: Any) -> None:
    table(ROWS)
    found = table([["0000", "1"], ["", "2"]], prune=True)
    assert "removed" not in found
    assert any("removed for want of a row" in one["reason"] for one in found["failed"])
    assert store.count() == 4


def test_the_total_is_known_and_a_stopped_run_goes_on(
    shop: Path, store: LocalStore, tiny: TinyEncoder
) -> None:
    (shop / "products.csv").write_text("sku\n" + "".join(f"{i:04}\n" for i in range(4)))
    tiny.seconds = 0.05

    def source() -> TableSource:
        return TableSource(shop / "products.csv", Join("sku"), limits=DEFAULT_LIMITS)

    calls: list[tuple[int, int]] = []

    def stop(stage: str, done: int, total: int) -> None:
        calls.append((done, total))
        if len(calls) == 1:
            raise KeyboardInterrupt

    first: IngestReport = ingest_table(store, [tiny], source(), progress=stop)
    assert first.interrupted
    second = ingest_table(
        store, [tiny], source(), progress=lambda _, done, total: calls.append((done, total))
    )
    assert first.added + second.added == 4
    assert second.unchanged == first.added
    assert (4, 4) in calls
