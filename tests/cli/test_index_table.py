"""`lookalike index --table`, on real pictures."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]


@pytest.fixture
def shop(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Six products with pictures in folders by the first digits, in the current folder."""
    with (tmp_path / "products.csv").open("w", newline="") as file:
        write = csv.writer(file).writerow
        write(["article_id", "prod_name", "price", "tags"])
        for n, source in enumerate(sorted((photos / "flowers").glob("*.jpg"))[:6]):
            number = f"{108775015 + n:010}"
            target = tmp_path / "images" / number[:3] / f"{number}.jpg"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
            write([number, source.stem, 10 + n / 2, "flower;red"])
    monkeypatch.chdir(tmp_path)
    return tmp_path


OPTIONS = (
    *("--table", "products.csv", "--id", "article_id", "--encoder", "phash"),
    *("--path-pattern", "images/{article_id:.3}/{article_id}.jpg"),
)


def test_a_shop_is_indexed_searched_and_brought_up_to_date(run: Run, shop: Path) -> None:
    types = ("--types", "price=float,tags=list:;")
    assert "6 added" in run("index", *OPTIONS, *types).stdout
    assert "6 unchanged" in run("index", *OPTIONS, *types).stdout
    table = (shop / "products.csv").read_text()
    (shop / "products.csv").write_text(table.replace(",10.0,", ",99.0,"))
    assert "1 updated, 5 unchanged" in run("index", *OPTIONS, *types).stdout
    found = run("list", "--where", 'price > 50 and tags == "red"', "--json").stdout.splitlines()
    assert [json.loads(line)["attributes"]["article_id"] for line in found] == ["0108775015"]


def test_an_int_is_the_records_id(run: Run, shop: Path) -> None:
    pattern = ("--path-pattern", "images/010/{article_id:010d}.jpg")
    run("index", *OPTIONS[:6], *pattern, "--types", "article_id=int")
    shown = json.loads(run("show", "108775016", "--json").stdout)
    assert shown["uri"].endswith("0108775016.jpg")


def test_failures_notices_and_the_rest(run: Run, shop: Path) -> None:
    with (shop / "products.csv").open("a") as file:
        file.write("0999999999,gone,1,\n0108775015,again,1,\n0108775016,dear,much,\n")
    shutil.copy(shop / "images/010/0108775015.jpg", shop / "images/extra.jpg")
    failed = ("--types", "price=float", "--failures", "failures.jsonl", "--json")
    result = run("index", *OPTIONS, *failed, status=1)
    report = json.loads(result.stdout)
    assert report["added"] == 6
    assert "1 picture has no row" in report["notices"][0]
    assert "--unlisted adds them" in result.stderr
    lines = [json.loads(line) for line in Path("failures.jsonl").read_text().splitlines()]
    assert lines == report["failed"]
    assert len(lines) == 3
    assert "1 added" in run("index", *OPTIONS, "--unlisted", status=1).stdout


def test_rows_that_are_gone_are_pruned(run: Run, shop: Path) -> None:
    run("index", *OPTIONS)
    lines = (shop / "products.csv").read_text().splitlines()
    (shop / "products.csv").write_text("\n".join(lines[:4]) + "\n")
    assert "3 removed" in run("index", *OPTIONS, "--prune").stdout


def test_a_wrong_pattern_prunes_nothing(run: Run, shop: Path) -> None:
    run("index", *OPTIONS)
    wrong = (*OPTIONS[:6], "--path-pattern", "images/{article_id}.jpg", "--prune")
    assert "6 failed" in run("index", *wrong, status=1).stdout
    assert "6 unchanged" in run("index", *OPTIONS).stdout
    # A row with another picture has no use for its old one.
    lines = (shop / "products.csv").read_text().splitlines()
    for line in lines[1:]:
        name = line.split(",")[0]
        shutil.copy(shop / "images" / name[:3] / f"{name}.jpg", shop / "images" / f"{name}.jpg")
    assert "6 removed" in run("index", *wrong).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["images", "--id", "x"], "--id goes with --table FILE"),
        (["images", "--path-pattern", "x"], "--path-pattern goes with --table FILE"),
        (["--table", "products.csv"], "--table needs --id"),
        (["--table", "products.csv", "--id", "sku"], "no column 'sku'; it has article_id"),
        (["a", "b", "--table", "products.csv", "--id", "article_id"], "there is no file or folder"),
        (["images", ".", "--table", "products.csv", "--id", "article_id"], "takes one PATH"),
        (["--table", "none.csv", "--id", "x"], "there is no such file"),
        (["--table", "products.csv", "--id", "article_id", "--types", "price=money"], "money"),
        ([*OPTIONS[:4], "--path-pattern", "{article_id.__class__}"], "is no column"),
        ([*OPTIONS[:4], "--path-pattern", "{article_id:010d}.jpg"], "declare article_id=int"),
        (["-q"], "missing argument 'PATH...'"),
    ],
)
def test_wrong_use_is_said_before_any_work(
    run: Run, shop: Path, arguments: list[str], says: str
) -> None:
    assert says in run("index", *arguments, status=2).stderr
    assert not Path(".lookalike").exists()


def test_a_collection_that_holds_something_stays_after_wrong_use(run: Run, shop: Path) -> None:
    run("index", *OPTIONS)
    run("index", *OPTIONS[:2], "--id", "sku", status=2)
    assert "6" in run("info").stdout


def test_a_value_of_another_kind_than_declared_fails_its_row_alone(run: Run, shop: Path) -> None:
    with (shop / "products.csv").open(newline="") as file:
        rows = [row | {"price": float(row["price"])} for row in csv.DictReader(file)]
    rows[2]["price"] = "dear"
    (shop / "products.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    options = ("--table", "products.jsonl", *OPTIONS[2:], "--attribute", "price:number", "--json")
    report = json.loads(run("index", *options, status=1).stdout)
    assert report["added"] == 5
    (failed,) = report["failed"]
    assert failed["uri"].endswith(f"{rows[2]['article_id']}.jpg")
    assert "attribute price was declared a number, and 'dear' is none" in failed["reason"]
