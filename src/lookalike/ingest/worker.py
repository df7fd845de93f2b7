"""What one of several workers says about its part, in a file that others can read at any time."""

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from lookalike._version import __version__
from lookalike.errors import UsageError
from lookalike.ingest.report import Duplicate, IngestReport
from lookalike.sources.base import Failure
from lookalike.sources.shard import Shard
from lookalike.stores.base import Progress
from lookalike.views.file import write_file

FORMAT = "lookalike worker report 1"
HEARD_EVERY_S = 10.0
"""Seconds between two signs of life, at least: without progress there is none, so that a file that
grows old says that its worker has stopped, or is stuck."""


class State(StrEnum):
    """What a worker was doing when it was last heard of."""

    RUNNING = "running"
    """Or killed: then its file grows old."""
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """The report of one worker.

    Attributes:
        shard: its part.
        collection: where the pictures go, without a password.
        source: what was indexed and how, as JSON values; the same for all workers of one job.
        encoders: their fingerprints by name, once the work is done.
        attempts: how often the part was begun.
        started: when the last of them was, ISO 8601, UTC; `heard`: when this was written.
        stage: what it was at, with `done` of `total`.
        report: what became of the pictures, in the last attempt; None while it is not over.
        error: what ended the attempt, in words.
    """

    shard: Shard
    collection: str
    source: Mapping[str, Any]
    state: State = State.RUNNING
    encoders: Mapping[str, str] = field(default_factory=dict)
    version: str = __version__
    host: str = ""
    process: int = 0
    attempts: int = 1
    started: str = ""
    heard: str = ""
    stage: str = ""
    done: int = 0
    total: int = 0
    report: IngestReport | None = None
    error: str = ""

    @property
    def seconds(self) -> float:
        """How long the last attempt has taken."""
        return (_time(self.heard) - _time(self.started)).total_seconds()

    @property
    def rate(self) -> float:
        """Pictures per second of the last attempt, those included that needed no encoding."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    def to_dict(self) -> dict[str, Any]:
        """The object in the file."""
        return {
            "format": FORMAT,
            "shard": self.shard.number,
            "of": self.shard.of,
            "state": str(self.state),
            "collection": self.collection,
            "source": dict(self.source),
            "encoders": dict(self.encoders),
            "version": self.version,
            "host": self.host,
            "process": self.process,
            "attempts": self.attempts,
            "started": self.started,
            "heard": self.heard,
            "stage": self.stage,
            "done": self.done,
            "total": self.total,
            "pictures_per_second": round(self.rate, 3),
            "report": None if self.report is None else self.report.to_dict(),
            "error": self.error,
        }


def file_name(shard: Shard) -> str:
    """`shard-2-of-16.json`."""
    return f"shard-{shard.number}-of-{shard.of}.json"


def read_worker_report(path: Path) -> WorkerReport:
    """Read one worker's file.

    Raises:
        UsageError: it is no such file.
        OSError: it cannot be read.
    """
    try:
        given = json.loads(path.read_bytes())
        if given["format"] != FORMAT:
            raise UsageError(f"{path} is of another version of lookalike: {given['format']}")
        return WorkerReport(
            shard=Shard(given["shard"], given["of"]),
            state=State(given["state"]),
            report=None if given["report"] is None else _ingest_report(given["report"]),
            **{name: given[name] for name in _PLAIN},
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"{path} is no report of a worker, or is damaged: {error!r}") from None


class Reporter:
    """Keeps one worker's file up to date, from the start of its work to the end.

    Raises:
        OSError: the file cannot be written, at the start and at the end. In between, a sign of
            life that cannot be given costs no work.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        shard: Shard,
        *,
        collection: str,
        source: Mapping[str, Any],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = Path(folder, file_name(shard))
        self._clock = clock
        self._lock = threading.Lock()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._said = WorkerReport(
            shard,
            collection,
            source,
            host=socket.gethostname(),
            process=os.getpid(),
            attempts=self._attempts_before() + 1,
            started=_now(),
        )
        self._last = clock()
        self._write()

    def listening(self, show: Progress | None) -> Progress:
        """Take note of progress, and pass it on."""

        def heard(stage: str, done: int, total: int) -> None:
            with self._lock:
                before = (self._said.stage, self._said.done, self._said.total)
                now = self._clock()
                if before != (stage, done, total) and now - self._last >= HEARD_EVERY_S:
                    self._said = replace(self._said, stage=stage, done=done, total=total)
                    self._last = now
                    with contextlib.suppress(OSError):
                        self._write()
            if show is not None:
                show(stage, done, total)

        return heard

    def finish(self, report: IngestReport, encoders: Mapping[str, str]) -> None:
        """Say what became of the pictures."""
        state = State.INTERRUPTED if report.interrupted else State.FINISHED
        self._end(state=state, report=report, encoders=encoders, done=report.pictures)

    def fail(self, error: BaseException) -> None:
        """Say what ended the work early."""
        if isinstance(error, KeyboardInterrupt):
            self._end(state=State.INTERRUPTED, error="stopped by Ctrl-C")
        else:
            self._end(state=State.FAILED, error=str(error) or type(error).__name__)

    def _end(self, **changes: Any) -> None:
        with self._lock:
            self._said = replace(self._said, **changes)
            self._write()

    def _write(self) -> None:
        self._said = replace(self._said, heard=_now())
        text = json.dumps(self._said.to_dict(), indent=1, allow_nan=False)
        write_file(self.path, text.encode())

    def _attempts_before(self) -> int:
        try:
            return read_worker_report(self.path).attempts
        except (UsageError, FileNotFoundError):
            return 0


_PLAIN = (
    "collection",
    "source",
    "encoders",
    "version",
    "host",
    "process",
    "attempts",
    "started",
    "heard",
    "stage",
    "done",
    "total",
    "error",
)


def _ingest_report(given: Mapping[str, Any]) -> IngestReport:
    return IngestReport(
        **{
            **given,
            "failed": tuple(Failure(**failure) for failure in given["failed"]),
            "duplicates": tuple(Duplicate(**duplicate) for duplicate in given["duplicates"]),
            "notices": tuple(given["notices"]),
        }
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
