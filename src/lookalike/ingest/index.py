"""Indexing: folders of pictures, or pictures that a caller holds, into a store."""

import os
from collections.abc import Callable, Iterable, Sequence

from lookalike.attributes import plain
from lookalike.encoders.base import Encoder
from lookalike.errors import UsageError
from lookalike.imaging import DEFAULT_LIMITS, Limits
from lookalike.ingest.plan import IndexPlan
from lookalike.ingest.prune import prune as prune_folders
from lookalike.ingest.report import IngestReport
from lookalike.ingest.run import BATCH, Run
from lookalike.records import Attributes, OnDuplicate
from lookalike.sources.base import Failure, Item
from lookalike.sources.folder import FolderSource
from lookalike.sources.shard import Shard
from lookalike.stores.base import Progress, Store
from lookalike.stores.checks import check_declared

AttributesFor = Attributes | Callable[[str], Attributes | None] | None
"""One mapping for all pictures, or a function of the uri; None keeps what records have."""


def ingest(
    store: Store,
    encoders: Sequence[Encoder],
    paths: Sequence[str | os.PathLike[str]],
    *,
    tenant: str = "",
    attributes: AttributesFor = None,
    on_duplicate: OnDuplicate = "keep",
    ignore: Sequence[str] = (),
    prune: bool = False,
    progress: Progress | None = None,
    limits: Limits = DEFAULT_LIMITS,
    batch: int = BATCH,
    workers: int | None = None,
    shard: Shard | None = None,
) -> IngestReport:
    """Index picture files and folders, or bring them up to date.

    Committed at least every `batch` pictures and every two seconds, so that whatever ends the run
    loses no more than that, and the next run goes on. Ctrl-C ends it cleanly.

    Args:
        store: where to; it must have the encoders already.
        encoders: each picture is decoded once for all of them.
        paths: pictures, taken whatever their suffix, folders, walked all the way down, and
            http(s) URLs, each fetched and kept under its URL.
        tenant: whose pictures they are.
        attributes: the user's fields, one mapping for all, or a function of the uri.
        on_duplicate: what becomes of a new picture that is a duplicate of a record, or of one
            before it: "keep" adds it as any other, "skip" does not, "link" adds it as a duplicate
            of that record.
        ignore: patterns of what to leave out, as in a .gitignore, relative to each folder.
        prune: also delete the tenant's records under the given folders whose files are gone.
        progress: called as progress("index", done, total) about ten times a second, from the
            calling thread; the total grows until all folders are counted.
        limits: how large a picture may be.
        batch: most pictures in one commit.
        workers: threads that read and decode; one per processor by default.
        shard: the part to take, as one of several workers at a time. What looks moved is left
            for one that works alone.

    Returns:
        What became of the pictures. A bad one never stops the rest.

    Raises:
        NotFoundError: none of the paths exists.
        UsageError: no encoders or paths, a shard with `prune` or `on_duplicate`, a pattern cannot
            be understood, or the one mapping of attributes for all cannot be stored.
        EnvironmentFailure: store or encoder failed; what was committed is kept.
    """
    check_shard(shard, prune=prune, on_duplicate=on_duplicate)
    source = FolderSource(paths, limits=limits, ignore=ignore, skip=own_folder(store), shard=shard)

    def clean_up(stopped: Callable[[], bool]) -> tuple[int, list[Failure]]:
        return prune_folders(store, source.paths, tenant=tenant, stopped=stopped)

    run = Run(
        store,
        encoders,
        source,
        IndexPlan(
            store,
            _names(encoders),
            tenant=tenant,
            attributes=_function(attributes, store),
            on_duplicate=on_duplicate,
            moves=shard is None,
        ),
        limits=limits,
        batch=batch,
        workers=workers,
        afterwards=clean_up if prune else None,
        alone=shard is None,
    )
    return run(progress, count=source.count)


def ingest_items(
    store: Store,
    encoders: Sequence[Encoder],
    items: Iterable[Item],
    *,
    tenant: str = "",
    attributes: AttributesFor = None,
    on_duplicate: OnDuplicate = "keep",
    progress: Progress | None = None,
    limits: Limits = DEFAULT_LIMITS,
    batch: int = BATCH,
    workers: int | None = None,
) -> IngestReport:
    """Index pictures that do not come from a folder; otherwise as `ingest`.

    `items` is iterated on a thread of its own, at most a few hundred ahead.
    """
    plan = IndexPlan(
        store,
        _names(encoders),
        tenant=tenant,
        attributes=_function(attributes, store),
        on_duplicate=on_duplicate,
    )
    run = Run(store, encoders, items, plan, limits=limits, batch=batch, workers=workers)
    return run(progress)


def _names(encoders: Iterable[Encoder]) -> list[str]:
    return [encoder.spec.name for encoder in encoders]


def _function(attributes: AttributesFor, store: Store) -> Callable[[str], Attributes | None]:
    if callable(attributes):
        return attributes
    if attributes is None:
        return lambda _: None
    fixed = plain(attributes)
    check_declared(fixed, store.declared())
    return lambda _: fixed


def check_shard(shard: Shard | None, *, prune: bool, on_duplicate: OnDuplicate) -> None:
    """Refuse what several workers cannot do beside each other.

    Raises:
        UsageError: says what to do instead.
    """
    if shard is None:
        return
    if prune:
        raise UsageError(
            "--prune goes without --shard: a file gone here may be one that another worker is "
            "about to find elsewhere; when all parts are done, run the command once more with "
            "--prune and without --shard: what is unchanged is not read again"
        )
    if on_duplicate != "keep":
        raise UsageError(
            f"--on-duplicate {on_duplicate} goes without --shard: which of two copies is first "
            "would depend on the workers' speed; index with keep, and when all parts are done let "
            "`lookalike duplicates` look at them together"
        )


def own_folder(store: Store) -> tuple[str | os.PathLike[str], ...]:
    """The folder that a local store lives in, where no picture of the user's is."""
    path = getattr(store, "path", None)
    return () if path is None else (path,)
