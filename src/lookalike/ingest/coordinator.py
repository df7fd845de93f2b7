"""The one thread that talks to the store and decides which picture goes where."""

import contextlib
import queue
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from lookalike.encoders.base import Encoder
from lookalike.imaging import Limits
from lookalike.ingest.crew import Crashed, Crew, Encoded, Event, Failed, Found, Read
from lookalike.ingest.job import Job
from lookalike.ingest.ledger import Ledger
from lookalike.ingest.order import InOrder
from lookalike.ingest.plan import Plan
from lookalike.sources.base import Failure, Item

LOOK_UP = 256
"""Most pictures that the store is asked about at a time."""
WINDOW_BYTES = 256 << 20
"""Most bytes of files that are under way, though one picture may be larger."""
MATCHED_TOGETHER = 64
"""Pictures after which the store is asked about their bytes, though others are being read."""
GATHER_SECONDS = 0.1
"""How long bytes wait for others, so that a server is asked about all of them at once."""


class Coordinator:
    """Keeps the crew busy, the store up to date and memory flat.

    A picture passes through: found → looked up → read → matched by its bytes → encoded → settled
    → committed. `run` belongs on one thread; `stop` may be called from any.
    """

    def __init__(
        self,
        source: Iterable[Item | Failure],
        plan: Plan,
        ledger: Ledger,
        encoders: Sequence[Encoder],
        limits: Limits,
        *,
        min_side: int | None = None,
        workers: int | None = None,
        gather: bool = False,
    ) -> None:
        """`gather` is for stores on a server, where a question costs more than what is asked."""
        self.found = 0
        self._plan = plan
        self._ledger = ledger
        self._crew = Crew(source, encoders, limits, min_side=min_side, workers=workers)
        # A batch in the encoder, one ready for it, and one being read and decoded.
        self._window = 3 * self._crew.batch
        self._waiting: deque[Item] = deque()
        self._pending: deque[Job] = deque()
        self._under_way: dict[str, Job] = {}
        self._bytes = 0
        self._gather = gather
        self._being_read: set[str] = set()
        self._just_read: list[Job] = []
        self._first_read = 0.0
        self._leaders: dict[bytes, Job] = {}
        self._encoded: dict[bytes, Job] = {}
        self._order = InOrder(self._settle) if plan.in_order else None
        self._all_found = False
        self._crash: BaseException | None = None
        self.stopped = False
        """Whether the run was asked to end early."""

    def stop(self) -> None:
        """Ask the run to end soon: what is encoded is committed, the rest is left."""
        self.stopped = True
        self._crew.stopping.set()
        self._crew.inbox.put(None)

    def run(self) -> None:
        """Work until the source is exhausted, `stop` is called or something crashes.

        Raises:
            LookalikeError, MemoryError: the store, an encoder or the source failed. Unless it was
                the store, what had been encoded is committed.
        """
        self._crew.start()
        try:
            while not (self.stopped or self._crash or self._finished()):
                self._step()
        finally:
            self._crew.stop()
        for event in self._arrived():
            if isinstance(event, Encoded | Failed | Crashed):
                self._handle(event)
        self._ledger.commit()
        if self._crash is not None:
            raise self._crash

    def _nothing_left(self) -> bool:
        return self._all_found and not (self._waiting or self._pending or self._under_way)

    def _finished(self) -> bool:
        return self._nothing_left() and self._ledger.wait is None

    def _step(self) -> None:
        blocked = self._look_up()
        self._hand_out()
        idle = not self._under_way
        if self._ledger.wait == 0 or (idle and (blocked or self._nothing_left())):
            self._commit()
        elif blocked or self._pending or not self._waiting:
            with contextlib.suppress(queue.Empty):
                self._handle(self._crew.inbox.get(timeout=self._wait()))
            for event in self._arrived():
                self._handle(event)
            if self._match_due():
                self._match()

    def _wait(self) -> float | None:
        """Seconds until a commit or a match is due; None when there is nothing to do."""
        waits = [] if self._ledger.wait is None else [self._ledger.wait]
        if self._just_read:
            waits.append(max(0.0, self._first_read + GATHER_SECONDS - time.monotonic()))
        return min(waits, default=None)

    def _match_due(self) -> bool:
        return (
            not self._gather
            or len(self._just_read) >= MATCHED_TOGETHER
            or not self._being_read
            or time.monotonic() >= self._first_read + GATHER_SECONDS
        )

    def _look_up(self) -> bool:
        """Look up the next pictures; True when a uri is still busy and must be committed first."""
        if self._pending or not self._waiting:
            return False
        items: dict[str, Item] = {}
        while self._waiting and len(items) < LOOK_UP:
            uri = self._waiting[0].uri
            if uri in items or uri in self._under_way or uri in self._ledger:
                break
            items[uri] = self._waiting.popleft()
        if items:
            self._crew.taken(items.values())
            jobs = self._plan.look_up(list(items.values()), self._ledger)
            self._pending.extend(jobs)
            if self._order is not None:
                self._order.expect(jobs)
        return not items

    def _hand_out(self) -> None:
        while self._pending and len(self._under_way) < self._window:
            job = self._pending[0]
            if self._under_way and self._bytes + job.expected > WINDOW_BYTES:
                return
            self._pending.popleft()
            self._under_way[job.item.uri] = job
            self._being_read.add(job.item.uri)
            self._bytes += job.expected
            self._crew.read(job)

    def _arrived(self) -> Iterator[Event]:
        try:
            while True:
                yield self._crew.inbox.get_nowait()
        except queue.Empty:
            return

    def _handle(self, event: Event) -> None:
        match event:
            case Found(None):
                self._all_found = True
            case Found(Failure() as failure):
                self.found += 1
                self._ledger.fail(failure)
                self._crew.taken([failure])
            case Found(Item() as item):
                self.found += 1
                self._waiting.append(item)
            case Read(job):
                self._bytes += job.size - job.expected
                job.expected = job.size
                self._being_read.discard(job.item.uri)
                if not self._just_read:
                    self._first_read = time.monotonic()
                self._just_read.append(job)
            case Encoded(jobs):
                for job in jobs:
                    self._settle_encoded(job)
            case Failed(job, reason):
                self._being_read.discard(job.item.uri)
                self._leaders.pop(job.sha256, None)
                for failed in (job, *job.followers):
                    self._drop(failed)
                    self._ledger.fail(Failure(failed.item.uri, reason))
            case Crashed(error):
                self._crash = self._crash or error

    def _match(self) -> None:
        """Settle what is known by its bytes and encode the rest, of equal pictures one."""
        jobs, self._just_read = self._just_read, []
        if not jobs:
            return
        unknown = self._plan.match(jobs, self._ledger)
        for job in set(jobs).difference(unknown):
            self._drop(job)
        encoding = 0
        for job in unknown:
            if job.vectors:
                self._ready(job)
            elif twin := self._encoded.get(job.sha256):
                self._settle_like(job, twin)
            elif leader := self._leaders.get(job.sha256):
                job.let_go()
                leader.followers.append(job)
            else:
                self._leaders[job.sha256] = job
                self._crew.encode(job)
                encoding += 1
        self._crew.forget(len(jobs) - encoding)

    def _settle_encoded(self, job: Job) -> None:
        self._encoded[job.sha256] = self._leaders.pop(job.sha256)
        for settled in (job, *job.followers):
            self._settle_like(settled, job)

    def _settle_like(self, job: Job, twin: Job) -> None:
        job.like(twin)
        job.with_vectors_of(twin)
        self._ready(job)

    def _ready(self, job: Job) -> None:
        job.let_go()
        if self._order is None:
            self._settle(job)
        else:
            self._order.ready(job)

    def _settle(self, job: Job) -> None:
        self._leave(job)
        self._plan.settle(job, self._ledger)

    def _drop(self, job: Job) -> None:
        self._leave(job)
        if self._order is not None:
            self._order.drop(job)

    def _leave(self, job: Job) -> None:
        del self._under_way[job.item.uri]
        self._bytes -= job.expected
        job.let_go()

    def _commit(self) -> None:
        self._ledger.commit()
        # From now on the store knows these bytes.
        self._encoded.clear()
