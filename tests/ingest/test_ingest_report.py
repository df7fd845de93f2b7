"""Reports of several runs as one."""

from lookalike.ingest import Failure, IngestReport


def test_reports_add_up() -> None:
    first = IngestReport(added=1, updated=2, unchanged=3, moved=4, removed=5, seconds=1.5)
    second = IngestReport(added=10, updated=20, unchanged=30, moved=40, removed=50, seconds=2.0)

    both = first + second

    assert both == IngestReport(
        added=11, updated=22, unchanged=33, moved=44, removed=55, seconds=3.5
    )
    assert IngestReport() + first == first


def test_what_encoders_completed_adds_up() -> None:
    first = IngestReport(completed={"phash": 1, "pdq": 2})
    assert (first + IngestReport(completed={"pdq": 3})).completed == {"phash": 1, "pdq": 5}


def test_a_picture_that_fails_twice_is_one_failure() -> None:
    first = IngestReport(failed=(Failure("b", "gone"), Failure("c", "empty")))
    second = IngestReport(failed=(Failure("a", "broken"), Failure("b", "not found")))

    failed = (first + second).failed

    assert failed == (Failure("a", "broken"), Failure("b", "gone"), Failure("c", "empty"))


def test_a_sum_is_interrupted_when_any_part_was() -> None:
    assert (IngestReport(interrupted=True) + IngestReport()).interrupted
    assert (IngestReport() + IngestReport(interrupted=True)).interrupted
    assert not (IngestReport() + IngestReport()).interrupted
