"""One run of the pipeline, watched: progress, Ctrl-C, failures, and the report."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence

from lookalike.encoders.base import Encoder
from lookalike.errors import UsageError
from lookalike.imaging import Limits
from lookalike.ingest.coordinator import Coordinator
from lookalike.ingest.ledger import Ledger
from lookalike.ingest.plan import Plan
from lookalike.ingest.report import IngestReport, Outcome
from lookalike.sources.base import Failure, Item
from lookalike.stores.base import Progress, Store

BATCH = 64
BATCH_SECONDS = 2.0
TICK_SECONDS = 0.1


class Run:
    """One run of the pipeline on a thread of its own, watched from the calling one.

    So Ctrl-C, which Python raises in the main thread, never strikes within a write, and a slow
    progress display never holds the pipeline up.
    """

    def __init__(
        self,
        store: Store,
        encoders: Sequence[Encoder],
        source: Iterable[Item | Failure],
        plan: Plan,
        *,
        limits: Limits,
        batch: int = BATCH,
        min_side: int | None = None,
        workers: int | None = None,
        stage: str = "index",
        afterwards: Callable[[Callable[[], bool]], tuple[int, list[Failure]]] | None = None,
        alone: bool = True,
    ) -> None:
        if not encoders:
            raise UsageError("nothing to encode with: give at least one encoder")
        self._store = store
        self._ledger = Ledger(store, batch=batch, seconds=BATCH_SECONDS)
        self._coordinator = Coordinator(
            source,
            plan,
            self._ledger,
            encoders,
            limits,
            min_side=min_side,
            workers=workers,
            gather=store.version is not None,
        )
        self._stage = stage
        self._afterwards = afterwards
        self._alone = alone
        self._removed = 0
        self._counted = 0
        self._error: BaseException | None = None
        self._over = threading.Event()

    def __call__(
        self,
        progress: Progress | None,
        *,
        count: Callable[[Callable[[int], None], Callable[[], bool]], None] | None = None,
    ) -> IngestReport:
        """Run to the end, an interruption or a failure.

        `count` counts the source ahead of it, for the total that progress is told.
        """
        started = time.perf_counter()
        interrupted = False
        thread = threading.Thread(target=self._work, name="lookalike_ingest", daemon=True)
        try:
            thread.start()
            if progress is not None and count is not None:
                self._count_ahead(count)
            while not self._over.wait(TICK_SECONDS):
                self._tell(progress)
        except KeyboardInterrupt:
            interrupted = True
            self._end(thread)
        except BaseException:
            self._end(thread)
            raise
        thread.join()
        if self._error is not None:
            raise self._error
        self._tell(progress)
        if not interrupted:
            try:
                self._store.optimize(progress, alone=self._alone)
            except KeyboardInterrupt:
                interrupted = True
        counts = self._ledger.counts
        return IngestReport(
            added=counts[Outcome.ADDED],
            updated=counts[Outcome.UPDATED],
            unchanged=counts[Outcome.UNCHANGED],
            moved=counts[Outcome.MOVED],
            removed=self._removed,
            skipped=counts[Outcome.SKIPPED],
            left=counts[Outcome.LEFT],
            failed=tuple(sorted(self._ledger.failed, key=lambda failure: failure.uri)),
            seconds=time.perf_counter() - started,
            interrupted=interrupted,
            duplicates=tuple(self._ledger.duplicates),
        )

    def _work(self) -> None:
        try:
            self._coordinator.run()
            if self._afterwards is not None and not self._coordinator.stopped:
                self._removed, failures = self._afterwards(lambda: self._coordinator.stopped)
                left_alone = {failure.uri for failure in failures}
                kept = [f for f in self._ledger.failed if f.uri not in left_alone]
                self._ledger.failed[:] = kept + failures
        except BaseException as error:
            self._error = error
        finally:
            self._over.set()

    def _end(self, thread: threading.Thread) -> None:
        self._coordinator.stop()
        thread.join()

    def _count_ahead(
        self, count: Callable[[Callable[[int], None], Callable[[], bool]], None]
    ) -> None:
        def tell(found: int) -> None:
            self._counted = found

        threading.Thread(
            target=count, args=(tell, self._over.is_set), name="lookalike_count", daemon=True
        ).start()

    def _tell(self, progress: Progress | None) -> None:
        if progress is not None:
            total = max(self._counted, self._coordinator.found)
            progress(self._stage, min(self._ledger.done, total), total)
