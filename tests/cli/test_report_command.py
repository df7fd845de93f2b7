"""`lookalike index --shard --report` and `lookalike report`."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import lookalike
from lookalike.cli.progress import progress
from lookalike.cli.report import ranges
from lookalike.cli.sharding import reporting
from lookalike.sources.shard import Shard

Run = Callable[..., Result]


@pytest.fixture
def folder(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photographs in `photos` below the current folder."""
    shutil.copytree(photos / "animals", tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "photos"


def part(run: Run, number: int, of: int = 3, **options: object) -> Result:
    where = f"part-{number}.lookalike"
    return run(
        *("index", "photos", "-c", where, "--encoder", "phash"),
        *("--shard", f"{number}/{of}", "--report", "job"),
        **options,
    )


def test_parts_are_one_report(run: Run, folder: Path) -> None:
    for number in range(3):
        part(run, number)
    done = run("report", "job", "--json")
    report = json.loads(done.stdout)
    assert report["total"]["added"] == report["pictures"] == len([*folder.iterdir()])
    assert (report["of"], report["finished"]) == (3, 3)
    assert (report["missing"], report["unfinished"]) == ([], [])
    assert report["source"] == {"paths": [str(folder)]}
    assert [one["shard"] for one in report["workers"]] == [0, 1, 2]
    table = run("report", "job").stdout
    assert "3 of 3 parts finished" in table


def test_collections_of_parts_are_put_together(run: Run, folder: Path) -> None:
    for number in range(3):
        part(run, number)
        run("copy", f"part-{number}.lookalike", "all.lookalike", "--ids", "new")
    with lookalike.open("all.lookalike") as both:
        uris = [record.uri for record in both.list()]
    assert sorted(uris) == sorted(map(str, folder.iterdir()))
    # What it has is all there is, so that it can be brought up to date as any other.
    report = json.loads(run("index", "photos", "-c", "all.lookalike", "--json").stdout)
    assert report["unchanged"] == len([*folder.iterdir()])
    done = run("index", "photos", "-c", "all.lookalike", "--shard", "0/3", status=2)
    assert "has other pictures" in done.stderr


def test_parts_that_are_not_there_are_named(run: Run, folder: Path) -> None:
    part(run, 1, 7)
    done = run("report", "job", status=3)
    assert "nothing was heard of parts 0,2-6 of 7" in done.stderr
    assert "1 of 7 parts finished" in done.stdout
    assert json.loads(run("report", "job", "--json", status=3).stdout)["missing"] == [
        0,
        *range(2, 7),
    ]


def test_failures_of_all_parts_are_written(run: Run, folder: Path) -> None:
    for n in range(12):
        (folder / f"broken {n:02}.jpg").write_bytes(b"no picture")
    statuses = {part(run, number, status=None).exit_code for number in range(3)}
    assert statuses <= {0, 1}
    done = run("report", "job", "--failures", "failed.jsonl", status=1)
    assert done.stdout.count("broken ") == 10
    assert "12 failed" in done.stdout
    written = [json.loads(line) for line in Path("failed.jsonl").read_text().splitlines()]
    assert [Path(one["uri"]).name for one in written] == [f"broken {n:02}.jpg" for n in range(12)]


def test_an_empty_part_is_no_error_but_an_empty_source_is(run: Run, folder: Path) -> None:
    for picture in folder.iterdir():
        picture.unlink()
    for number in range(3):
        part(run, number)
    assert "no picture found there by any worker" in run("report", "job", status=1).stderr


def test_what_ended_a_worker_is_told(run: Run, folder: Path) -> None:
    part(run, 0, 2)
    Path("part-1.lookalike").write_text("no folder")
    failed = part(run, 1, 2, status=None)
    assert failed.exit_code in {2, 3}
    done = run("report", "job", status=3)
    assert "part 1/2 ended early" in done.stderr
    assert "not finished: part 1 of 2" in done.stderr


def test_the_report_has_no_password(run: Run, folder: Path) -> None:
    address = "milvus://anna:secret@127.0.0.1:1/shop?timeout=1"
    run("index", "photos", "-c", address, "--shard", "0/2", "--report", "job", status=None)
    assert "secret" not in Path("job/shard-0-of-2.json").read_text()


def test_another_jobs_folder_is_refused(run: Run, folder: Path) -> None:
    part(run, 0)
    part(run, 1, 4)
    assert "are not of one job" in run("report", "job", status=2).stderr


def test_reports_go_into_a_folder(run: Run, folder: Path) -> None:
    Path("job").write_text("a file")
    assert "this is none" in part(run, 0, status=2).stderr
    assert not Path("part-0.lookalike").exists()


@pytest.mark.parametrize("given", [("--prune",), ("--on-duplicate", "link")])
def test_what_is_for_one_worker_says_so(run: Run, folder: Path, given: tuple[str, ...]) -> None:
    done = run("index", "photos", "--encoder", "phash", "--shard", "0/2", *given, status=2)
    assert "goes without --shard" in done.stderr
    assert not Path(".lookalike").exists()


def test_the_part_can_come_from_the_scheduler(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "1")
    run("index", "photos", "--encoder", "phash", "--shard", "auto/2", "--report", "job")
    assert Path("job/shard-1-of-2.json").exists()


def test_lines_of_progress_name_the_part(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lookalike.cli.progress.LINE_EVERY_S", 0.0)
    with (
        reporting(None, Shard(2, 3), ".lookalike", {}) as worker,
        progress(prefix=worker.prefix) as show,
    ):
        assert show is not None
        show("index", 1, 9)
        show("index", 2, 9)
    assert capsys.readouterr().err.startswith("shard 2/3 index: 2 of 9")


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([], ""), ([3], "3"), ([0, 1], "0-1"), ([0, 2, 3, 4, 9], "0,2-4,9")],
)
def test_numbers_are_written_as_slurm_takes_them(numbers: list[int], text: str) -> None:
    assert ranges(numbers) == text
