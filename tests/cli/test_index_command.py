"""`lookalike index`, on real pictures."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from milvus_server import MilvusProcess

import lookalike
from lookalike.cli.index import parse_attributes, parse_declared
from lookalike.errors import UsageError

Run = Callable[..., Result]

ENCODER = "mobilenet-v3-large,phash"


@pytest.fixture
def some(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Twelve photographs in `photos` below the current folder."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for source in sorted(photos.rglob("*.jpg"))[:12]:
        shutil.copy(source, folder)
    monkeypatch.chdir(tmp_path)
    return folder


def test_index_then_search(run: Run, some: Path, snapshot: Callable[..., None]) -> None:
    first = run("index", "photos", "--encoder", ENCODER)
    snapshot("index-first", first.stdout)
    assert Path(".lookalike").is_dir()
    again = run("index", "photos")
    snapshot("index-unchanged", again.stdout)
    picture = min(some.iterdir())
    found = json.loads(run("search", str(picture), "--json").stdout)
    assert found["hits"][0]["uri"] == str(picture)
    assert found["hits"][0]["verdict"] == "identical"


def test_json_is_one_object_and_all_of_standard_output(run: Run, some: Path) -> None:
    (some / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    result = run("index", "photos", "--json", "--encoder", "phash", status=1)
    [line] = result.stdout.splitlines()
    report = json.loads(line)
    assert list(report) == [
        "added",
        "updated",
        "unchanged",
        "moved",
        "removed",
        "skipped",
        "left",
        "completed",
        "failed",
        "duplicates",
        "notices",
        "seconds",
    ]
    assert report["added"] == 12
    [failure] = report["failed"]
    assert list(failure) == ["uri", "reason"]
    assert failure["uri"] == str(some / "broken.jpg")


def test_failures_are_listed_counted_and_written(
    run: Run, some: Path, snapshot: Callable[..., None]
) -> None:
    for n in range(13):
        (some / f"broken {n:02}.jpg").write_bytes(b"no picture")
    result = run("index", "photos", "--encoder", "phash", status=1)
    assert result.stdout.count("broken ") == 10
    assert "and 3 more; --failures FILE writes them all" in result.stderr
    assert "12 added, 13 failed" in result.stdout
    run("index", "photos", "--failures", "failures.jsonl", status=1)
    lines = Path("failures.jsonl").read_text().splitlines()
    assert sorted(Path(json.loads(line)["uri"]).name for line in lines) == [
        f"broken {n:02}.jpg" for n in range(13)
    ]


def test_duplicates_are_left_out_and_listed(run: Run, some: Path) -> None:
    original = min(some.iterdir())
    for n in range(12):
        shutil.copy(original, some / f"{original.stem}.twin {n:02}.jpg")
    result = run("index", "photos", "--encoder", "phash", "--on-duplicate", "skip")
    assert "12 added, 12 skipped in " in result.stdout
    assert result.stdout.count("same bytes") == 10
    assert "and 2 more duplicates; --json lists them all" in result.stderr
    again = json.loads(run("index", "photos", "--on-duplicate", "skip", "--json").stdout)
    assert (again["unchanged"], again["skipped"], len(again["duplicates"])) == (12, 12, 12)
    assert {one["original"] for one in again["duplicates"]} == {str(original)}
    linked = json.loads(run("index", "photos", "--on-duplicate", "link", "--json").stdout)
    assert (linked["added"], len(linked["duplicates"])) == (12, 12)
    run("index", "photos", "--on-duplicate", "drop", status=2)


def test_nothing_to_do(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    result = run("index", "empty", "--encoder", "phash", status=1)
    assert "no picture found there" in result.stderr


def test_options_reach_the_ingest(run: Run, some: Path) -> None:
    kept = sorted(some.iterdir())
    run(
        *("index", "photos", "--encoder", "phash", "--ignore", kept[0].name, "--tenant", "ann"),
        *("--set", "season=summer", "--set", "price=19.5", "--set", 'tags=["a","b"]'),
    )
    with lookalike.open(".lookalike", read_only=True) as collection:
        records = list(collection.list())
    assert sorted(r.uri for r in records) == [str(path) for path in kept[1:]]
    assert {r.tenant for r in records} == {"ann"}
    assert records[0].attributes == {"season": "summer", "price": 19.5, "tags": ["a", "b"]}
    kept[1].unlink()
    report = json.loads(run("index", "photos", "--tenant", "ann", "--prune", "--json").stdout)
    assert report["removed"] == 1


def test_one_more_encoder(run: Run, some: Path) -> None:
    run("index", "photos", "--encoder", "phash")
    result = run("index", "photos", "--encoder", "mobilenet-v3-large,dhash")
    assert (
        "12 unchanged, 12 embedded by mobilenet-v3-large, 12 embedded by dhash in" in result.stdout
    )
    report = json.loads(run("index", "photos", "--encoder", "ahash", "--json").stdout)
    assert (report["updated"], report["completed"]) == (0, {"ahash": 12})
    assert json.loads(run("index", "photos", "--json").stdout)["completed"] == {}
    encoders = json.loads(run("info", "--json").stdout)["encoders"]
    names = ("phash", "mobilenet-v3-large", "dhash", "ahash")
    assert {e["name"]: e["vectors"] for e in encoders} == dict.fromkeys(names, 12)


def test_weights_that_cannot_be_had_leave_no_collection_behind(
    process: Callable[..., subprocess.CompletedProcess[str]], some: Path, tmp_path: Path
) -> None:
    nothing = {
        "LOOKALIKE_CACHE": str(tmp_path / "cache"),
        "LOOKALIKE_OFFLINE": "1",
    }
    arguments = ("index", "photos", "--encoder", "phash,mobilenet-v3-large")
    said = process(*arguments, status=3, env=nothing).stderr
    assert "mobilenet-v3-large" in said
    assert not Path(".lookalike").exists()
    process("index", "photos", "--encoder", "phash", env=nothing)
    process(*arguments, status=3, env=nothing)
    with lookalike.open(".lookalike", read_only=True) as collection:
        assert [spec.name for spec in collection.encoders] == ["phash"]


def test_quiet_and_plain_output(run: Run, some: Path) -> None:
    result = run("index", "photos", "--encoder", "phash", "--quiet")
    assert result.stderr == ""
    assert "\x1b" not in result.stdout


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_keeps_what_was_done(photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    for n in range(12):
        shutil.copytree(photos, folder / str(n))
    code = (
        "import sys, lookalike.ingest as i, lookalike.collection as c\n"
        "from lookalike.cli.progress import Lines\n"
        "import lookalike.cli.progress as p, lookalike.cli.index as index\n"
        "from contextlib import contextmanager\n"
        "@contextmanager\n"
        "def progress(quiet, prefix):\n"
        "    yield lambda stage, done, total: done and print('at', done, flush=True)\n"
        "index.progress = progress\n"
        "from lookalike.cli import main\n"
        f"sys.argv = ['lookalike', 'index', {str(folder)!r}, '--encoder', 'phash']\n"
        "main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("at ")
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert "Traceback" not in said
    assert running.returncode == 130, said
    assert said.count("run the same command again to go on") == 1


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("a=red", "red"),
        ("a=", ""),
        ("a=1", 1),
        ("a=1.5", 1.5),
        ("a=true", True),
        ("a=null", None),
        ('a="1"', "1"),
        ('a=["x", 2]', ["x", 2]),
        ("a=b=c", "b=c"),
        ("a=NaN", "NaN"),
        ("a=[1", "[1"),
        (" a =x", "x"),
    ],
)
def test_attributes(field: str, expected: object) -> None:
    assert parse_attributes([field]) == {"a": expected}


@pytest.mark.parametrize("field", ["a", "=x", 'a={"b": 1}', "a=[[1]]", 'a=[{"b": 1}]'])
def test_attributes_refused(field: str) -> None:
    with pytest.raises(UsageError, match="--set"):
        parse_attributes([field])


def test_declared_attributes() -> None:
    assert parse_declared(["price:number", "a:b:text"]) == {"price": "number", "a:b": "text"}
    for wrong in ("price", ":number", "price:int", "price:"):
        with pytest.raises(UsageError, match="--attribute"):
            parse_declared([wrong])


@pytest.mark.parametrize("place", ["local", "milvus"])
def test_attributes_are_declared_and_filtered_by(
    run: Run, some: Path, place: str, request: pytest.FixtureRequest
) -> None:
    where = "new"
    if place == "milvus":
        server: MilvusProcess = request.getfixturevalue("milvus")
        where = server.address("declared_by_index")
    index = ("index", "photos", "-c", where, "--encoder", "phash", "--attribute", "price:number")
    refused = run(*index, "--set", "price=cheap", status=2)
    assert "attribute price was declared a number, and 'cheap' is none" in refused.stderr
    cheap, dear = sorted(some.iterdir())[:2]
    run("index", str(cheap), *index[2:], "--set", "price=2")
    run("index", str(dear), *index[2:], "--set", "price=30")
    run(*index)
    listed = run("list", "-c", where, "--where", "price > 5", "--json").stdout.splitlines()
    assert [json.loads(line)["uri"] for line in listed] == [str(dear)]
    found = run("search", str(dear), "-c", where, "--where", "price < 5", "--json").stdout
    assert {hit["uri"] for hit in json.loads(found)["hits"]} <= {str(cheap)}
    other = run(*index[:-1], "price:text", status=2)
    assert "attributes are declared when a collection is made" in other.stderr
    with lookalike.open(where) as collection:
        assert collection._store.declared() == {"price": "number"}
        assert collection.count() == 12
