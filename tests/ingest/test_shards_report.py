"""What workers report, and their reports as one."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike.errors import NotFoundError, UsageError
from lookalike.ingest import Failure, IngestReport
from lookalike.ingest.merging import merge
from lookalike.ingest.worker import Reporter, State, read_worker_report
from lookalike.sources.shard import Shard

SOURCE = {"paths": ["/photos"]}
ENCODERS = {"phash": "1a2b"}
ADDRESS = "milvus://db:19530/shop"


def start(folder: Path, number: int, of: int = 3, **given: object) -> Reporter:
    options = {"collection": ADDRESS, "source": SOURCE, **given}
    return Reporter(folder, Shard(number, of), **options)


def finish(
    folder: Path,
    number: int,
    report: IngestReport | None = None,
    encoders: dict[str, str] = ENCODERS,
    **given: object,
) -> None:
    start(folder, number, **given).finish(report or IngestReport(added=10), encoders)


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    report = IngestReport(
        added=3,
        unchanged=2,
        left=1,
        completed={"phash": 4},
        failed=(Failure("b", "broken"),),
        seconds=1.5,
        notices=("one", "two"),
    )
    finish(tmp_path, 2, report)
    read = read_worker_report(tmp_path / "shard-2-of-3.json")
    assert read.report == report
    assert (read.shard, read.state, read.done) == (Shard(2, 3), State.FINISHED, 7)
    assert read.encoders == ENCODERS
    assert read.attempts == 1
    assert read.seconds >= 0
    assert json.loads((tmp_path / "shard-2-of-3.json").read_text()) == read.to_dict()


def test_a_worker_gives_signs_of_life(tmp_path: Path) -> None:
    now = [0.0]
    shown: list[tuple[str, int, int]] = []
    reporter = start(tmp_path, 0, clock=lambda: now[0])
    listening = reporter.listening(lambda *told: shown.append(told))
    for done in range(5):
        now[0] += 4
        listening("index", done, 100)
    assert len(shown) == 5
    read = read_worker_report(reporter.path)
    assert (read.state, read.stage, read.done, read.total) == (State.RUNNING, "index", 2, 100)
    heard = read.heard
    now[0] += 100
    listening("index", 2, 100)
    assert read_worker_report(reporter.path).heard == heard, "there was no progress"
    listening("index", 3, 100)
    assert read_worker_report(reporter.path).heard >= heard
    assert read_worker_report(reporter.path).done == 3


def test_a_sign_of_life_that_cannot_be_given_costs_no_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    reporter = start(tmp_path, 0, clock=lambda: now[0])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lookalike.ingest.worker.write_file", full)
    now[0] = 100.0
    reporter.listening(None)("index", 1, 2)
    with pytest.raises(OSError, match="No space"):
        reporter.finish(IngestReport(), ENCODERS)


def test_a_worker_that_is_started_again_counts_its_attempts(tmp_path: Path) -> None:
    start(tmp_path, 1)
    start(tmp_path, 1).fail(RuntimeError("the server is down"))
    read = read_worker_report(tmp_path / "shard-1-of-3.json")
    assert (read.attempts, read.state, read.error) == (2, State.FAILED, "the server is down")
    (tmp_path / "shard-1-of-3.json").write_text("{")
    finish(tmp_path, 1)
    assert read_worker_report(tmp_path / "shard-1-of-3.json").attempts == 1


def test_reports_are_added_up(tmp_path: Path) -> None:
    folder = Failure("/photos/closed", "permission denied")
    finish(tmp_path, 0, IngestReport(added=5, failed=(folder,), notices=("read",)))
    finish(tmp_path, 1, IngestReport(added=7, unchanged=1, failed=(folder, Failure("x", "bad"))))
    finish(tmp_path, 2, IngestReport(updated=2, left=3, notices=("read",)))
    merged = merge(tmp_path)
    total = merged.total
    assert (total.added, total.unchanged, total.updated, total.left) == (12, 1, 2, 3)
    assert total.failed == (folder, Failure("x", "bad"))
    assert total.notices == ("read",)
    assert merged.again == ()
    assert merged.to_dict()["finished"] == 3


def test_missing_and_unfinished_parts_are_named(tmp_path: Path) -> None:
    finish(tmp_path, 0, of=6)
    start(tmp_path, 2, of=6)
    start(tmp_path, 3, of=6).fail(RuntimeError("no"))
    start(tmp_path, 4, of=6).finish(IngestReport(added=1, interrupted=True), ENCODERS)
    merged = merge(tmp_path)
    assert merged.missing == (1, 5)
    assert merged.unfinished == (2, 3, 4)
    assert merged.again == (1, 2, 3, 4, 5)
    states = [one["state"] for one in merged.to_dict()["workers"]]
    assert states == ["finished", "running", "failed", "interrupted"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"of": 4}, "number of parts of part 0/3 is 3, of part 1/4 4"),
        ({"source": {"paths": ["/other"]}}, r"paths of part 0/3 is \['/photos'\]"),
        ({"source": {**SOURCE, "tenant": "anna"}}, "tenant of part 0/3 is None"),
        ({"collection": "milvus://db:19530/other"}, "collection of part 0/3 is milvus://db"),
        ({"encoders": {"phash": "3c4d"}}, r"encoders of part 0/3 is phash \(1a2b\)"),
        ({"encoders": {**ENCODERS, "pdq": ""}}, "encoders of part 0/3 is phash"),
    ],
)
def test_reports_of_different_jobs_are_refused(
    tmp_path: Path, given: dict[str, object], message: str
) -> None:
    finish(tmp_path, 0)
    finish(tmp_path, 1, **given)
    with pytest.raises(UsageError, match=message) as refused:
        merge(tmp_path)
    assert "give every job a folder of its own" in str(refused.value)


def test_collections_of_one_writer_are_one_for_each_part(tmp_path: Path) -> None:
    for number in range(3):
        finish(tmp_path, number, collection=f"/data/part-{number}")
    assert merge(tmp_path).again == ()


def test_different_versions_are_a_notice(tmp_path: Path) -> None:
    finish(tmp_path, 0)
    finish(tmp_path, 1)
    path = tmp_path / "shard-1-of-3.json"
    other = replace(read_worker_report(path), version="0.0.1")
    path.write_text(json.dumps(other.to_dict()))
    assert any("different versions" in notice for notice in merge(tmp_path).total.notices)


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{}", '{"format": "lookalike worker report 1"}']
)
def test_what_is_no_report_is_named(tmp_path: Path, text: str) -> None:
    finish(tmp_path, 0)
    (tmp_path / "shard-1-of-3.json").write_text(text)
    with pytest.raises(UsageError, match=r"shard-1-of-3\.json is no report"):
        merge(tmp_path)


def test_a_report_of_a_later_version_is_named(tmp_path: Path) -> None:
    finish(tmp_path, 0)
    path = tmp_path / "shard-0-of-3.json"
    path.write_text(path.read_text().replace("report 1", "report 2"))
    with pytest.raises(UsageError, match="another version of lookalike"):
        merge(tmp_path)


def test_a_folder_without_reports_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no report in"):
        merge(tmp_path)
    with pytest.raises(NotFoundError, match="there is no folder"):
        merge(tmp_path / "nowhere")
