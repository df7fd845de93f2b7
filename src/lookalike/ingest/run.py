"""Indexing: folders of pictures, or pictures that a caller holds, into a store."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from lookalike.encoders.base import Encoder
from lookalike.errors import UsageError
from lookalike.imaging import DEFAULT_LIMITS, Limits
from lookalike.ingest.coordinator import Coordinator
from lookalike.ingest.ledger import Ledger
from lookalike.ingest.plan import IndexPlan, Plan
from lookalike.ingest.prune import prune as prune_folders
from lookalike.ingest.report import IngestReport, Outcome
from lookalike.records import Attributes
from lookalike.sources.base import Failure, Item
from lookalike.sources.folder import FolderSource
from lookalike.stores.base import Progress, Store

BATCH = 64
BATCH_SECONDS = 2.0
TICK_SECONDS = 0.1

AttributesFor = Attributes | Callable[[str], Attributes | None] | None
"""One mapping for all pictures, or a function of the uri; None keeps what records have."""


def ingest(
    store: Store,
    encoders: Sequence[Encoder],
    paths: Sequence[str | os.PathLike[str]],
    *,
    tenant: str = "",
    attributes: AttributesFor = None,
    ignore: Sequence[str] = (),
    prune: bool = False,
    progress: Progress | None = None,
    limits: Limits = DEFAULT_LIMITS,
    batch: int = BATCH,
    workers: int | None = None,
) -> IngestReport:
    """Index picture files and folders, or bring them up to date.

    Committed at least every `batch` pictures and every two seconds, so that whatever ends the run
    loses no more than that, and the next run goes on. Ctrl-C ends it cleanly.

    Args:
        store: where to; it must have the encoders already.
        encoders: each picture is decoded once for all of them.
        paths: pictures, taken whatever their suffix, and folders, walked all the way down.
        tenant: whose pictures they are.
        attributes: the user's fields, one mapping for all, or a function of the uri.
        ignore: patterns of what to leave out, as in a .gitignore, relative to each folder.
        prune: also delete the tenant's records under the given folders whose files are gone.
        progress: called as progress("index", done, total) about ten times a second, from the
            calling thread; the total grows until all folders are counted.
        limits: how large a picture may be.
        batch: most pictures in one commit.
        workers: threads that read and decode; one per processor by default.

    Returns:
        What became of the pictures. A bad one never stops the rest.

    Raises:
        NotFoundError: none of the paths exists.
        UsageError: no encoders or paths, or a pattern cannot be understood.
        EnvironmentFailure: store or encoder failed; what was committed is kept.
    """
    source = FolderSource(paths, limits=limits, ignore=ignore, skip=_own_folder(store))

    def clean_up(stopped: Callable[[], bool]) -> tuple[int, list[Failure]]:
        return prune_folders(store, paths, tenant=tenant, stopped=stopped)

    run = Run(
        store,
        encoders,
        source,
        IndexPlan(store, _names(encoders), tenant=tenant, attributes=_function(attributes)),
        limits=limits,
        batch=batch,
        workers=workers,
        afterwards=clean_up if prune else None,
    )
    return run(progress, count=source.count)


def ingest_items(
    store: Store,
    encoders: Sequence[Encoder],
    items: Iterable[Item],
    *,
    tenant: str = "",
    attributes: AttributesFor = None,
    progress: Progress | None = None,
    limits: Limits = DEFAULT_LIMITS,
    batch: int = BATCH,
    workers: int | None = None,
) -> IngestReport:
    """Index pictures that do not come from a folder; otherwise as `ingest`.

    `items` is iterated on a thread of its own, at most a few hundred ahead.
    """
    plan = IndexPlan(store, _names(encoders), tenant=tenant, attributes=_function(attributes))
    run = Run(store, encoders, items, plan, limits=limits, batch=batch, workers=workers)
    return run(progress)


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
        workers: int | None = None,
        stage: str = "index",
        afterwards: Callable[[Callable[[], bool]], tuple[int, list[Failure]]] | None = None,
    ) -> None:
        if not encoders:
            raise UsageError("nothing to encode with: give at least one encoder")
        self._store = store
        self._ledger = Ledger(store, batch=batch, seconds=BATCH_SECONDS)
        self._coordinator = Coordinator(
            source, plan, self._ledger, encoders, limits, workers=workers
        )
        self._stage = stage
        self._afterwards = afterwards
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
                self._store.optimize(progress)
            except KeyboardInterrupt:
                interrupted = True
        counts = self._ledger.counts
        return IngestReport(
            added=counts[Outcome.ADDED],
            updated=counts[Outcome.UPDATED],
            unchanged=counts[Outcome.UNCHANGED],
            moved=counts[Outcome.MOVED],
            removed=self._removed,
            failed=tuple(self._ledger.failed),
            seconds=time.perf_counter() - started,
            interrupted=interrupted,
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


def _names(encoders: Iterable[Encoder]) -> list[str]:
    return [encoder.spec.name for encoder in encoders]


def _function(attributes: AttributesFor) -> Callable[[str], Attributes | None]:
    return attributes if callable(attributes) else lambda _: attributes


def _own_folder(store: Store) -> tuple[str | os.PathLike[str], ...]:
    """The folder that a local store lives in, where no picture of the user's is."""
    path = getattr(store, "path", None)
    return () if path is None else (path,)
