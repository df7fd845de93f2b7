"""`lookalike duplicates`: tables, decisions, moves; what it refuses."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import lookalike
from lookalike.duplicates.moving import carry

Run = Callable[..., Result]


@pytest.fixture
def place(tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with pictures, copies of some, and a collection; the current folder."""
    pictures = tmp_path / "pictures"
    (pictures / "copies").mkdir(parents=True)
    for number, name in enumerate(("raccoon", "otters", "coral")):
        shutil.copy(photos / "animals" / f"{name}.jpg", pictures)
        if number < 2:
            shutil.copy(photos / "animals" / f"{name}.jpg", pictures / "copies" / f"{name} (1).jpg")
    monkeypatch.chdir(tmp_path)
    with lookalike.open(encoder="phash") as collection:
        for path in sorted(pictures.rglob("*.jpg")):
            collection.add(path)
    return tmp_path


def test_groups_as_a_table(run: Run, place: Path) -> None:
    result = run("duplicates")
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["group", "id", "pixels", "bytes", "picture", "why"]
    assert [line.split()[0] for line in lines[1:]] == ["2", "identical", "1", "identical"]
    assert result.stdout.count("same bytes") == 2
    assert "2 groups with 2 duplicates among 5 records" in result.stderr


def test_groups_as_json(run: Run, place: Path) -> None:
    found = json.loads(run("duplicates", "--json").stdout)
    assert found["duplicates"] == 2
    assert found["by"] == ["digests", "phash"]
    (one,) = found["groups"][0]["duplicates"]
    assert (one["verdict"], one["reason"], one["settled"]) == ("identical", "same bytes", "")
    assert found["spare_bytes"] == sum(group["spare_bytes"] for group in found["groups"])
    assert len(json.loads(run("duplicates", "--json", "-n", "1").stdout)["groups"]) == 1


def test_no_duplicates(run: Run, place: Path) -> None:
    result = run("duplicates", "--within", "pictures/copies", status=1)
    assert result.stdout == ""
    assert "no duplicates among 2 records" in result.stderr


def test_min_size(run: Run, place: Path) -> None:
    run("duplicates", "--min-size", "1 GiB", status=1)
    assert "2 groups" in run("duplicates", "--min-size", "1.5K").stderr
    assert "such as 100K" in run("duplicates", "--min-size", "big", status=2).stderr


def test_decisions_are_remembered_listed_and_undone(run: Run, place: Path) -> None:
    out = run("duplicates", "--keep", "pictures/raccoon.jpg", "pictures/copies/raccoon (1).jpg")
    assert out.stdout.startswith("decided about 1 pair")
    assert "1 group with" in run("duplicates").stderr
    run("duplicates", "--ignore", "pictures/otters.jpg")
    run("duplicates", status=1)
    listed = run("duplicates", "--decided").stdout.splitlines()
    assert [line.split()[1] for line in listed] == ["ignore", "keep"]
    kinds = [json.loads(x) for x in run("duplicates", "--decided", "--json").stdout.splitlines()]
    assert [one["kind"] for one in kinds] == ["ignore", "keep"]
    assert json.loads(run("duplicates", "--undo", "--json").stdout) == {"forgotten": 1}
    assert "1 group with" in run("duplicates").stderr
    run("duplicates", "--undo", "pictures/raccoon.jpg")
    run("duplicates", "--undo", status=1)
    assert "nothing has been decided" in run("duplicates", "--decided", status=1).stderr


def test_not_duplicates_are_parted(run: Run, place: Path) -> None:
    run("duplicates", "--not-duplicate", "pictures/otters.jpg", "pictures/copies/otters (1).jpg")
    assert "otters" not in run("duplicates").stdout


def test_a_group_that_is_not_asked_about_cannot_be_ignored(run: Run, place: Path) -> None:
    result = run("duplicates", "--ignore", "pictures/coral.jpg", status=1)
    assert "is in no group that is asked about" in result.stderr


def test_what_the_page_saved_is_decided(run: Run, place: Path) -> None:
    run("duplicates", "--html", "page.html")
    page = Path("page.html").read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert found is not None
    data = json.loads(found[1])
    pairs = [
        {
            "kind": "keep",
            "first": best[0],
            "second": other[0],
            "first_uri": best[1],
            "second_uri": other[1],
        }
        for best, other in data["groups"].values()
    ]
    value = {"format": data["format"], "version": 1, "decisions": pairs}
    Path("decisions.json").write_text(json.dumps(value))
    assert run("duplicates", "--decide", "decisions.json").stdout.startswith("decided about 2")
    run("duplicates", status=1)
    Path("decisions.json").write_text("{}")
    assert (
        "not a file of decisions"
        in run("duplicates", "--decide", "decisions.json", status=2).stderr
    )


def test_moving_is_said_first_done_when_asked_and_undone(run: Run, place: Path) -> None:
    plan = run("duplicates", "--move-to", "away", "--within", "pictures")
    assert plan.stdout.count(" → ") == 2
    assert "nothing was done: this would be 2 files" in plan.stderr
    assert not Path("away").exists()
    done = run("duplicates", "--move-to", "away", "--within", "pictures", "--apply", "--json")
    told = json.loads(done.stdout)
    assert (told["files"], told["failed"]) == (2, [])
    assert sorted(path.name for path in Path("away/copies").iterdir()) == [
        "otters (1).jpg",
        "raccoon (1).jpg",
    ]
    assert not list(Path("pictures/copies").iterdir())
    run("show", "away/copies/raccoon (1).jpg")
    back = run("duplicates", "--undo-moves", told["journal"])
    assert back.stdout.startswith("brought back: 2 files")
    assert len(list(Path("pictures/copies").iterdir())) == 2


def test_a_limit_is_one_of_moves_too_and_what_was_moved_is_done(run: Run, place: Path) -> None:
    done = run("duplicates", "--move-to", "away", "-n", "1", "--apply", "--json")
    assert json.loads(done.stdout)["files"] == 1
    assert "1 group with 1 duplicate" in run("duplicates").stderr
    run("duplicates", "--move-to", "away", "--apply")
    run("duplicates", status=1)


def test_one_can_be_named_as_the_best(run: Run, place: Path) -> None:
    copy = "pictures/copies/raccoon (1).jpg"
    found = json.loads(run("duplicates", "--best", copy, "--best", "1", "--json").stdout)
    best = {Path(one["best"]["uri"]).name: one["best"]["why"] for one in found["groups"]}
    assert best["raccoon (1).jpg"] == "named as the best"
    assert len(found["notices"]) <= 1
    run("duplicates", "--best", copy, "--move-to", "away", "--limit", "0", "--apply")
    assert Path(copy).is_file()
    run("duplicates", "--best", "77", status=2)


def test_what_was_interrupted_is_finished_before_anything_is_planned(
    run: Run, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise SystemExit(9)

    with monkeypatch.context() as patch:
        patch.setattr(carry, "_leave", killed)
        run("duplicates", "--move-to", "away", "--within", "pictures", "--apply", status=9)
    assert len(list(Path("away").rglob("*.jpg"))) == 1
    done = run("duplicates", "--move-to", "away", "--within", "pictures", "--apply", "--json")
    assert "finished 1 step of an interrupted run" in done.stderr
    told = json.loads(done.stdout)
    assert (told["files"], told["finished"], told["failed"]) == (1, 1, [])
    assert len(list(Path("away").rglob("*.jpg"))) == 2
    assert not list(Path("pictures/copies").iterdir())


def test_several_journals_are_undone(run: Run, place: Path) -> None:
    for _ in range(2):
        run("duplicates", "--move-to", "away", "-n", "1", "--apply")
    journals = sorted(map(str, Path(".lookalike/moves").glob("*.jsonl")))
    assert len(journals) == 2
    assert "No such file" in run("duplicates", "--undo-moves", *journals, "x", status=3).stderr
    assert "brought back: 2 files" in run("duplicates", "--undo-moves", *journals).stdout


def test_ctrl_c_says_what_was_moved(run: Run, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(carry, "_leave", stop)
        done = run("duplicates", "--move-to", "away", "--apply", status=130)
    assert "moved or linked: 0 files" in done.stdout
    assert "--undo-moves" in done.stderr
    assert "stopped: run the same command again" in done.stderr
    again = run("duplicates", "--move-to", "away")
    assert "an interrupted run is not done with it" in again.stderr
    assert "left alone" not in run("duplicates", "--move-to", "away", "--apply").stderr


def test_links_are_made_only_when_asked(run: Run, place: Path) -> None:
    result = run("duplicates", "--link", "hard", "--json")
    assert [one["link"] for one in json.loads(result.stdout)["would"]] == ["hard", "hard"]
    copy = Path("pictures/copies/raccoon (1).jpg")
    assert not copy.samefile("pictures/raccoon.jpg")
    assert "--undo-moves" in run("duplicates", "--link", "hard", "--apply").stderr
    assert copy.samefile("pictures/raccoon.jpg")
    run("duplicates", status=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["5"], "what about these records?"),
        (["--apply"], "--apply does what"),
        (["--keep", "--undo", "1"], "give one of --keep and --undo"),
        (["--keep", "1"], "two records or more"),
        (["--ignore"], "name a group"),
        (["--html", "p.html", "--move-to", "away"], "leave it out with --move-to or --link"),
        (["--prefer", "looks"], "nothing to prefer by"),
        (["--threshold", "2"], "cosine above 0"),
        (["--only", "similar"], "invalid value"),
        (["--keep", "1", "77"], "77"),
        (["--move-to", "pictures/coral.jpg"], "is not a folder"),
        (["--undo-moves", "pictures/coral.jpg"], "not a journal of moves"),
        (["--move-to", ".lookalike/away"], "collection's own folder"),
    ],
)
def test_wrong_use_is_explained(run: Run, place: Path, arguments: list[str], message: str) -> None:
    assert message in run("duplicates", *arguments, status=2).stderr
