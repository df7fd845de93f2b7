"""`lookalike calibrate`: table, JSON, dry run, reset, pairs; and what shows it afterwards."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image, ImageOps

import lookalike

Run = Callable[..., Result]

PROGRAM = "from lookalike.cli import main; main()"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep answers in a folder of the test's own; weights stay where they are."""
    monkeypatch.setattr("lookalike.calibration.kept.root", lambda: tmp_path / "cache")
    monkeypatch.setattr("lookalike.proof.available", lambda: False)


@pytest.fixture
def hashed(tmp_path: Path, photos: Path) -> Path:
    """A collection of five small photographs by pHash."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for picture in sorted((photos / "spaceflight").glob("*.jpg"))[:5]:
        with Image.open(picture) as image:
            image.thumbnail((256, 256))
            image.save(folder / picture.name)
    path = tmp_path / "c.lookalike"
    with lookalike.open(path, encoder="phash") as collection:
        collection.add(folder)
    return path


@pytest.fixture
def table(hashed: Path) -> Path:
    """Pairs of all three kinds."""
    pictures = sorted((hashed.parent / "pictures").glob("*.jpg"))
    with Image.open(pictures[0]) as image:
        ImageOps.grayscale(image).save(hashed.parent / "grey.jpg")
    path = hashed.parent / "pairs.tsv"
    rows = [("a", "b", "label"), ("grey.jpg", str(pictures[0]), "copy")]
    rows += [("grey.jpg", str(pictures[0]), "similar")]
    rows += [("grey.jpg", str(other), "different") for other in pictures[1:]]
    path.write_text("".join("\t".join(row) + "\n" for row in rows))
    return path


def test_a_table_and_what_info_shows_afterwards(run: Run, hashed: Path) -> None:
    before = json.loads(run("info", "-c", str(hashed), "--json").stdout)
    assert before["calibration"] is None
    done = run("calibrate", "-c", str(hashed), "-n", "8", "--edits", "basic", "-q")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("8 pictures looked for, ")
    assert lines[2].split() == [
        "threshold", "value", "recall", "precision", "95", "%", "between", "pairs",
    ]  # fmt: skip
    assert [line.split("  ")[0] for line in lines[3:7]] == [
        "copy score, shipped", "copy score", "pHash radius, shipped", "pHash radius",
    ]  # fmt: skip
    assert lines[-1] == "kept with the collection"
    assert "too few pairs to promise 99%" in done.stderr
    info = run("info", "-c", str(hashed))
    words = r"calibrated +\S+Z on 8 edited copies of its pictures, and \d+ other hits for them\n"
    assert re.search(words, info.stdout)
    assert "copy score" in info.stdout
    kept = json.loads(run("info", "-c", str(hashed), "--json").stdout)["calibration"]
    assert kept["pairs"]["copy"] == 8


def test_json_dry_run_and_plots(run: Run, hashed: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    arguments = ("-c", str(hashed), "-n", "6", "--json", "-q", "--dry-run")
    done = run("calibrate", *arguments, "--plots", str(tmp_path / "plots"))
    told = json.loads(done.stdout)
    assert (told["stored"], told["queries"], told["copies"]) == (False, 6, 6)
    assert {one["name"] for one in told["thresholds"]} == {"copy score", "pHash radius"}
    assert told["thresholds"][0]["shipped"]["promised"] is False
    assert (tmp_path / "plots" / "calibration.png").is_file()
    assert json.loads(run("info", "-c", str(hashed), "--json").stdout)["calibration"] is None


def test_pairs_give_a_threshold_that_search_applies_by_name(
    run: Run, hashed: Path, table: Path
) -> None:
    query = str(table.parent / "grey.jpg")
    told = run("search", query, "-c", str(hashed), "--threshold", "calibrated", status=2).stderr
    assert "no calibrated threshold for phash" in told
    run("calibrate", "-c", str(hashed), "--pairs", str(table), "-q")
    everything = json.loads(run("search", query, "-c", str(hashed), "--json").stdout)
    assert len(everything["hits"]) == 5
    told = run("search", query, "-c", str(hashed), "--json", "--threshold", "calibrated").stdout
    assert [hit["id"] for hit in json.loads(told)["hits"]] == [everything["hits"][0]["id"]]
    told = run("search", query, "-c", str(hashed), "--threshold", "much", status=2).stderr
    assert "'much' is neither a number nor `calibrated`" in told


def test_reset(run: Run, hashed: Path) -> None:
    assert "hold anyway" in run("calibrate", "-c", str(hashed), "--reset").stdout
    run("calibrate", "-c", str(hashed), "-n", "3", "-q")
    told = run("calibrate", "-c", str(hashed), "--reset", "--json").stdout
    assert json.loads(told) == {"reset": True}
    assert json.loads(run("info", "-c", str(hashed), "--json").stdout)["calibration"] is None
    run("calibrate", "-c", str(hashed), "--reset", "--dry-run", status=2)


def test_left_out_pictures_are_named(run: Run, hashed: Path) -> None:
    for picture in sorted((hashed.parent / "pictures").glob("*.jpg"))[:2]:
        picture.unlink()
    done = run("calibrate", "-c", str(hashed), "-n", "20", "-q", "--dry-run", status=1)
    assert done.stderr.count("the file is gone") == 2
    assert done.stdout.splitlines()[-1] == "a dry run: nothing was kept"


def test_wrong_use_is_one_line(run: Run, hashed: Path, tmp_path: Path) -> None:
    for arguments, words in (
        (("--precision", "1"), "from 0.5 up to below 1"),
        (("-n", "0"), "at least one edited picture"),
        (("--pairs", str(tmp_path / "none.csv")), "there is no such file"),
    ):
        done = run("calibrate", "-c", str(hashed), *arguments, status=2)
        assert words in done.stderr
    told = run("calibrate", "-c", str(tmp_path / "none"), status=2).stderr
    assert "there is no collection" in told


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_leaves_everything_as_it_was(hashed: Path, tmp_path: Path) -> None:
    started = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "calibrate", "-c", str(hashed), "-n", "5000"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LOOKALIKE_CACHE": str(tmp_path / "kept")},
    )
    ends = time.monotonic() + 50
    while not list((tmp_path / "kept").glob("calibration/*.jsonl")):
        assert time.monotonic() < ends
        time.sleep(0.05)
    started.send_signal(signal.SIGINT)
    _, told = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "stopped, and nothing was changed; answers are kept" in told
    with lookalike.open(hashed) as collection:
        assert collection.calibration.made is None
