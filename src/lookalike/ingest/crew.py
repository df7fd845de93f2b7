"""The threads: one that finds pictures, some that read and decode, one that encodes."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lookalike.encoders.base import Encoder
from lookalike.errors import EnvironmentFailure, PictureError, ZeroEmbeddingError
from lookalike.imaging import Limits
from lookalike.ingest.ahead import Ahead
from lookalike.ingest.job import Job, encode, prepare, read
from lookalike.processors import processors
from lookalike.sources.base import Failure, Item
from lookalike.sources.file import reason

FILL_SECONDS = 0.05
"""How long the encoder waits for a batch to fill, while others are being read or decoded."""
JOIN_SECONDS = 10.0
"""How long a read or a source under way may take to come back when the run is to end."""


@dataclass(frozen=True, slots=True)
class Found:
    """The source's next; None when there is no more."""

    item: Item | Failure | None


@dataclass(frozen=True, slots=True)
class Read:
    """A picture's bytes and digests are there."""

    job: Job


@dataclass(frozen=True, slots=True)
class Encoded:
    """Pictures have their vectors."""

    jobs: Sequence[Job]


@dataclass(frozen=True, slots=True)
class Failed:
    """A picture cannot be used."""

    job: Job
    reason: str


@dataclass(frozen=True, slots=True)
class Crashed:
    """Something failed that is no picture's fault; the run has to end."""

    error: BaseException


Event = Found | Read | Encoded | Failed | Crashed | None
"""None only wakes the receiver up."""


class _NoMore:
    """Nothing is on its way to the encoder, so no batch will get fuller."""


class Crew:
    """Runs the stages on threads and posts what happens to `inbox`.

    Threads, not processes: Pillow, hashlib and ONNX Runtime let go of the interpreter's lock, and
    nothing has to be copied between processes (docs/indexing.md has the numbers). How many
    pictures are under way is the receiver's to limit.
    """

    def __init__(
        self,
        source: Iterable[Item | Failure],
        encoders: Sequence[Encoder],
        limits: Limits,
        *,
        min_side: int | None = None,
        workers: int | None = None,
    ) -> None:
        self.inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.stopping = threading.Event()
        self._source = source
        self._encoders = encoders
        self._limits = limits
        self._min_side = min_side or max(encoder.min_side for encoder in encoders)
        self.batch = max(16, 2 * processors())
        """Most pictures that are encoded together."""
        self._ahead = Ahead()
        self._tasks: queue.SimpleQueue[tuple[Callable[[Job], None], Job] | None] = (
            queue.SimpleQueue()
        )
        self._coming = 0
        self._counting = threading.Lock()
        self._ready: queue.SimpleQueue[Job | _NoMore | None] = queue.SimpleQueue()
        self._finder = self._thread(self._find)
        self._workers = [self._thread(self._work) for _ in range(workers or processors())]
        self._encoder = self._thread(self._encode)

    def start(self) -> None:
        """Start every thread."""
        for thread in (self._finder, *self._workers, self._encoder):
            thread.start()

    def stop(self) -> None:
        """End every thread; a picture or batch under way is finished first.

        A source, or a read, that does not come back is left behind after a while.
        """
        self.stopping.set()
        for _ in self._workers:
            self._tasks.put(None)
        self._ready.put(None)
        # The encoder ends by itself; what it has done is not to be lost.
        self._encoder.join()
        ends = time.monotonic() + JOIN_SECONDS
        for thread in (*self._workers, self._finder):
            thread.join(max(0.0, ends - time.monotonic()))

    def taken(self, items: Iterable[Item | Failure]) -> None:
        """Let the source go on by what was taken of what it found."""
        for item in items:
            self._ahead.leave(item)

    def read(self, job: Job) -> None:
        """Have a picture read; answered by Read or Failed.

        One that was read needs `encode` or `forget`.
        """
        with self._counting:
            self._coming += 1
        self._tasks.put((self._read, job))

    def encode(self, job: Job) -> None:
        """Have a picture that is read decoded and encoded; answered by Encoded or Failed."""
        self._tasks.put((self._prepare, job))

    def forget(self, count: int) -> None:
        """Let the encoder not wait for so many pictures that were read."""
        with self._counting:
            self._coming -= count
            if self._coming == 0:
                self._ready.put(_NoMore())

    def _fail(self, job: Job, why: str) -> None:
        self.inbox.put(Failed(job, why))
        self.forget(1)

    def _thread(self, target: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                target()
            except BaseException as error:
                self.inbox.put(Crashed(error))

        return threading.Thread(target=run, name=f"lookalike{target.__name__}", daemon=True)

    def _find(self) -> None:
        for item in self._source:
            self._ahead.enter(item, self.stopping)
            if self.stopping.is_set():
                return
            self.inbox.put(Found(item))
        self.inbox.put(Found(None))

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            stage, job = task
            if self.stopping.is_set():
                continue
            try:
                stage(job)
            except PictureError as error:
                # Also a URL's NetworkError: one picture's failure, not the run's.
                self._fail(job, str(error))
            except (EnvironmentFailure, MemoryError):
                raise
            except OSError as error:
                self._fail(job, reason(error))
            except Exception as error:
                # A decoder's surprise over one picture must not cost the others.
                self._fail(job, f"{type(error).__name__}: {error}")

    def _read(self, job: Job) -> None:
        read(job)
        self.inbox.put(Read(job))

    def _prepare(self, job: Job) -> None:
        prepare(job, self._encoders, self._limits, self._min_side)
        self._ready.put(job)
        self.forget(1)

    def _encode(self) -> None:
        while (job := self._ready.get()) is not None:
            if isinstance(job, _NoMore):
                continue
            jobs = self._batch(job)
            if self.stopping.is_set():
                return
            self.inbox.put(Encoded(self._encoded(jobs)))

    def _encoded(self, jobs: list[Job]) -> list[Job]:
        """Encode pictures; those in which an encoder sees nothing fail, and the others are left."""
        while jobs:
            try:
                encode(jobs, self._encoders)
            except ZeroEmbeddingError as error:
                if not error.rows:
                    raise
                for row in error.rows:
                    self.inbox.put(Failed(jobs[row], str(error)))
                jobs = [job for row, job in enumerate(jobs) if row not in error.rows]
            else:
                break
        return jobs

    def _batch(self, first: Job) -> list[Job]:
        jobs = [first]
        ends = time.monotonic() + FILL_SECONDS
        while len(jobs) < self.batch:
            try:
                job = self._ready.get(timeout=max(0.0, ends - time.monotonic()))
            except queue.Empty:
                break
            if isinstance(job, Job):
                jobs.append(job)
            elif job is None or self._coming == 0:
                break
        return jobs
