"""`lookalike evaluate`: from a folder or table to a table, JSON and plots."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
Process = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def classes(tmp_path: Path, photos: Path) -> Path:
    """Two classes of five photographs."""
    folder = tmp_path / "classes"
    for name in ("animals", "flowers"):
        (folder / name).mkdir(parents=True)
        for picture in sorted((photos / name).glob("*.jpg"))[:5]:
            shutil.copy(picture, folder / name)
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep embeddings in a file of the test's own; weights stay where they are."""
    kept = tmp_path / "kept.sqlite"
    monkeypatch.setattr("lookalike.evaluation.compare.default_path", lambda: kept)


QUICK = ("--no-cost", "--quiet")


def test_table(run: Run, classes: Path) -> None:
    out = run("evaluate", str(classes), "--encoder", "phash,dhash", *QUICK).stdout.splitlines()
    assert out[0] == "10 pictures of 2 classes, 10 of them queries"
    assert out[2].split() == ["encoder", "mAP", "P@10", "hit@1", "R@10"]
    best = out[3].split()[1]
    assert {best, out[4].split()[0]} == {"phash", "dhash"}
    assert out[3].startswith("→")
    assert out[6].split() == ["encoder", "vector", "download"]
    assert out[7].split() == ["→", best, "8", "bytes", "none"]
    assert out[10].startswith(best + ": the best mAP")
    assert max(map(len, out[:9])) <= 80


def test_json_in_a_process(process: Process, classes: Path) -> None:
    (classes / "flowers" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    done = process("evaluate", str(classes), "--encoder", "phash", "--json", "--no-cache", status=1)
    told = json.loads(done.stdout)
    assert told["kind"] == "classes"
    assert told["results"][0]["cost"]["batch_ms"] > 0
    assert told["results"][0]["thresholds"]
    assert told["left_out"][0]["uri"].endswith("broken.jpg")
    assert told["advice"]["choose"] == "phash"


def test_pairs_thresholds_and_budget(run: Run, classes: Path, tmp_path: Path) -> None:
    one, other, third = sorted((classes / "animals").glob("*.jpg"))[:3]
    table = tmp_path / "pairs.csv"
    table.write_text(f"a,b,same\n{one.name},{one.name},1\n{other.name},{third.name},0\n")
    options = ("--encoder", "phash", "--thresholds", "--budget-bytes", "4", *QUICK)
    result = run("evaluate", str(one.parent), "--pairs", str(table), *options, status=1)
    assert "2 pairs" in result.stdout
    assert "what a threshold would do" in result.stdout
    assert "wrong a query" in result.stdout
    assert "None fits the budget: phash, the best, takes 8 bytes a vector." in result.stdout


def test_a_threshold_is_for_one_form(run: Run, classes: Path) -> None:
    command = ("evaluate", str(classes), "--encoder", "dinov2-vits14", *QUICK)
    both = run(*command, "--projection", "both").stdout
    assert re.search(
        r"This is for dinov2-vits14 compared (as they are|through its projection) "
        r"\(`lookalike rebuild --projection dinov2-vits14=(none|default)`\)",
        both,
    )
    assert "This is for" not in run(*command).stdout


def test_plots(run: Run, classes: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    folder = tmp_path / "new" / "plots"
    result = run("evaluate", str(classes), "--encoder", "phash", "--plots", str(folder), *QUICK)
    assert {path.name for path in folder.iterdir()} == {
        f"{name}.{suffix}" for name in ("precision-recall", "scores") for suffix in ("png", "svg")
    }
    assert "wrote" in result.stderr


def test_plots_need_a_folder(run: Run, classes: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "file").write_bytes(b"mine")
    for given in ("file", "file/plots"):
        arguments = ("evaluate", str(classes), "--plots", str(tmp_path / given), *QUICK)
        said = run(*arguments, status=2)
        assert f"{tmp_path / given} is none" in said.stderr
        assert not said.stdout
    assert (tmp_path / "file").read_bytes() == b"mine"


def test_a_collection(run: Run, indexed_once: Path) -> None:
    out = run("evaluate", "-c", str(indexed_once), "--encoder", "phash", *QUICK).stdout
    assert "of 11 classes" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Usage"),
        (("nowhere",), "no file or folder nowhere"),
        (("{classes}", "-c", "x"), "not both at once"),
        (("{classes}", "--label", "kind"), "give it with -c"),
        (("{classes}", "--encoder", "nonesuch"), "No encoder is called 'nonesuch'"),
        (("{classes}", "--encoder", ","), "--encoder needs names"),
        (("{classes}", "--budget-ms", "0"), "above 0"),
        (("{classes}", "--budget-memory", "inf"), "above 0"),
        (("{classes}", "--budget-ms", "5", "--no-cost"), "leave out --no-cost"),
        (("{classes}", "--precision", "95"), "precision of 95"),
        (("{classes}", "--fuse", "phash"), "two encoders or more"),
        (("{classes}", "--limit", "1"), "at least 2"),
        (("{classes}/animals",), "no picture in a sub-folder"),
        (("-c", "nowhere"), "no collection at nowhere"),
    ],
)
def test_wrong_use(run: Run, classes: Path, arguments: tuple[str, ...], words: str) -> None:
    filled = [argument.replace("{classes}", str(classes)) for argument in arguments]
    assert words in run("evaluate", *filled, status=2).output


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_keeps_what_was_done(classes: Path, tmp_path: Path) -> None:
    slow = (
        "import time\n"
        "from lookalike.encoders import registry\n"
        "from lookalike.evaluation import compare\n"
        "load = registry.load\n"
        "def slow(name, **options):\n"
        "    if name == 'dhash':\n"
        "        print('now', flush=True)\n"
        "        time.sleep(60)\n"
        "    return load(name, **options)\n"
        "registry.load = slow\n"
        "from lookalike.cli import main; main()\n"
    )
    command = [sys.executable, "-c", slow, "evaluate", str(classes), "--encoder", "phash,dhash",
               "--no-cost", "--json"]  # fmt: skip
    environment = {**os.environ, "LOOKALIKE_CACHE": str(tmp_path / "cache")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "now\n"
        started.send_signal(signal.SIGINT)
        begun = time.monotonic()
        out, err = started.communicate(timeout=60)
    assert started.returncode == 130
    assert time.monotonic() - begun < 30
    told = json.loads(out)
    assert told["interrupted"]
    assert [result["name"] for result in told["results"]] == ["phash"]
    assert "stopped" in err
    assert "Traceback" not in err
