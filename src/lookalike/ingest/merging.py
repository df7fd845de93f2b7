"""The reports of all workers of one job as one."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

from lookalike.errors import NotFoundError, UsageError
from lookalike.ingest.report import IngestReport
from lookalike.ingest.worker import State, WorkerReport, read_worker_report
from lookalike.sources.base import Failure

_NAMED = "shard-*-of-*.json"


@dataclass(frozen=True, slots=True)
class MergedReport:
    """What all workers of a job did.

    Attributes:
        of: how many parts there are.
        workers: the reports, by number of the part.
        missing: numbers of the parts that nothing was heard of.
        total: the sum of what became of the pictures. `failed` has one failure for each uri,
            since a folder that cannot be read is told by every worker; `seconds` are from the
            first worker's start to the last one's end.
    """

    of: int
    workers: tuple[WorkerReport, ...]
    missing: tuple[int, ...]
    total: IngestReport

    @property
    def unfinished(self) -> tuple[int, ...]:
        """Numbers of the parts that were begun and are not finished."""
        return tuple(one.shard.number for one in self.workers if one.state is not State.FINISHED)

    @property
    def again(self) -> tuple[int, ...]:
        """Numbers of the parts to be started, or started again, unless they still run."""
        return tuple(sorted((*self.missing, *self.unfinished)))

    def to_dict(self) -> dict[str, Any]:
        """The object that `lookalike report --json` prints."""
        return {
            "of": self.of,
            "finished": len(self.workers) - len(self.unfinished),
            "missing": list(self.missing),
            "unfinished": list(self.unfinished),
            "total": self.total.to_dict(),
            "pictures": self.total.pictures,
            "workers": [
                {name: value for name, value in one.to_dict().items() if name not in _OF_ALL}
                | {"failed": 0 if one.report is None else len(one.report.failed)}
                for one in self.workers
            ],
            "collection": self.workers[0].collection,
            "source": dict(self.workers[0].source),
            "encoders": dict(next((one.encoders for one in self.workers if one.encoders), {})),
        }


_OF_ALL = {"format", "of", "collection", "source", "encoders", "report"}


def merge(folder: str | os.PathLike[str]) -> MergedReport:
    """Read all reports in a folder.

    Raises:
        NotFoundError: there is no such folder, or no report in it.
        UsageError: a file in it is no report, or they are not of one job: the number of parts,
            the source, the collection's address or the encoders differ.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder}")
    workers = [read_worker_report(path) for path in folder.glob(_NAMED)]
    if not workers:
        raise NotFoundError(
            f"there is no report in {folder}; workers write theirs with "
            f"`lookalike index --shard 0/4 --report {folder}`"
        )
    workers.sort(key=lambda one: (one.shard.of, one.shard.number))
    _check(folder, workers)
    of = workers[0].shard.of
    there = {one.shard.number for one in workers}
    missing = tuple(number for number in range(of) if number not in there)
    return MergedReport(of, tuple(workers), missing, _total(workers))


def _check(folder: Path, workers: Sequence[WorkerReport]) -> None:
    first = workers[0]
    finished = next((one for one in workers if one.encoders), first)
    for one in workers:
        if one.shard.of != first.shard.of:
            _refuse(folder, first, one, "number of parts", str(first.shard.of), str(one.shard.of))
        for name in sorted({*first.source, *one.source}):
            mine, other = first.source.get(name), one.source.get(name)
            if mine != other:
                _refuse(folder, first, one, name.replace("_", " "), repr(mine), repr(other))
        # Folders are one for each worker, and are put together afterwards.
        if one.collection != first.collection and "://" in one.collection + first.collection:
            _refuse(folder, first, one, "collection", first.collection, one.collection)
        if one.encoders and one.encoders != finished.encoders:
            mine, other = _encoders(finished), _encoders(one)
            _refuse(folder, finished, one, "encoders", mine, other)


def _refuse(
    folder: Path, first: WorkerReport, one: WorkerReport, what: str, mine: str, other: str
) -> None:
    raise UsageError(
        f"the reports in {folder} are not of one job: {what} of part {first.shard} is {mine}, of "
        f"part {one.shard} {other}; give every job a folder of its own"
    )


def _encoders(worker: WorkerReport) -> str:
    return ", ".join(f"{name} ({version or '-'})" for name, version in worker.encoders.items())


def _total(workers: Sequence[WorkerReport]) -> IngestReport:
    reports = [one.report for one in workers if one.report is not None]
    counts = reduce(add, [replace(one, failed=()) for one in reports], IngestReport())
    failed: dict[str, Failure] = {}
    for report in reports:
        for failure in report.failed:
            failed.setdefault(failure.uri, failure)
    started = min(datetime.fromisoformat(one.started) for one in workers)
    heard = max(datetime.fromisoformat(one.heard) for one in workers)
    notices = [*dict.fromkeys(counts.notices)]
    if len(versions := sorted({one.version for one in workers})) > 1:
        notices.append(f"the workers run different versions of lookalike: {', '.join(versions)}")
    return replace(
        counts,
        failed=tuple(sorted(failed.values(), key=lambda failure: failure.uri)),
        seconds=(heard - started).total_seconds(),
        notices=tuple(notices),
    )
