"""`lookalike tune`, and kinds of index in the other commands."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import lookalike

Run = Callable[..., Result]


@pytest.fixture
def own(five: Path, tmp_path: Path) -> str:
    """A collection of five pictures to change."""
    return str(shutil.copytree(five, tmp_path / "own.lookalike"))


def test_it_measures_and_keeps_what_reaches_the_recall(run: Run, own: str, tmp_path: Path) -> None:
    told = json.loads(run("tune", "-c", own, "-n", "10", "-k", "3", "--json").stdout)
    assert (told["encoder"], told["applied"], told["queries"]) == (
        "mobilenet-v3-large",
        False,
        {"pictures": 5},
    )
    assert told["current"]["chosen"]["recall"] == {"pictures": 1.0}
    shown = run("tune", "-c", own, "-n", "10", "-k", "3", "--apply", "--try", "FLAT,HNSW:M=8")
    assert "recall@3 pictures" in shown.stdout
    assert "HNSW:M=8" in shown.stdout
    assert "reaches 0.95: kept" in shown.stdout
    assert "mobilenet-v3-large does not understand them" in shown.stderr
    assert "auto" not in shown.stderr
    info = json.loads(run("info", "-c", own, "--json").stdout)
    assert "ef=8" in info["encoders"][0]["index"]


def test_it_draws_a_plot(run: Run, own: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    run("tune", "-c", own, "-n", "10", "--plots", str(tmp_path / "plots"))
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {"tuning.png", "tuning.svg"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--encoder", "phash"), "makes hashes, which are searched exactly"),
        (("--recall", "1.5"), "a recall is above 0 and at most 1"),
        (("-n", "1"), "count is at least 10"),
        (("--try", "IVF_PQ"), "the local store has no IVF_PQ index"),
        (("--try", ""), "--try names kinds of index"),
        (("--try", "HNSW,FLATT"), "there is no index 'FLATT'"),
        (("--memory", "many"), "--memory 'many' is no number"),
        (("--memory", "0"), "memory is a number of bytes above 0"),
        (("--try", "auto"), "name the kinds of index to try"),
        (("--words-from", "colour"), "does not understand words"),
    ],
)
def test_wrong_use_is_told(run: Run, own: str, arguments: tuple[str, ...], message: str) -> None:
    assert message in run("tune", "-c", own, *arguments, status=2).stderr


def test_an_index_is_asked_for_and_changed(run: Run, photos: Path, tmp_path: Path) -> None:
    place = str(tmp_path / "new.lookalike")
    (picture, *_) = sorted((photos / "animals").glob("*.jpg"))
    options = ("--encoder", "mobilenet-v3-large", "--index-type")
    refused = run("index", str(picture), "-c", place, *options, "IVF_FLAT", status=2)
    assert "the local store has no IVF_FLAT index; possible here: auto, FLAT" in refused.stderr
    assert not Path(place).exists()
    run("index", str(picture), "-c", place, *options, "HNSW:M=8")
    with lookalike.open(place) as collection:
        assert collection.indexes()["mobilenet-v3-large"].build["M"] == 8
    other = run("index", str(picture), "-c", place, *options, "FLAT", status=2)
    assert "lookalike rebuild --index-type mobilenet-v3-large=FLAT" in other.stderr
    run("rebuild", "-c", place, "--index-type", "mobilenet-v3-large=FLAT")
    assert "FLAT" in run("info", "-c", place).stdout
    with lookalike.open(place, index="FLAT") as collection:
        assert collection.indexes()["mobilenet-v3-large"].kind == "FLAT"
        assert collection.outgrown() == []
        assert collection.set_index("mobilenet-v3-large", "auto").kind == "HNSW"
