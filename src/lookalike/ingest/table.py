"""Indexing a product table that is joined to a tree of pictures."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from lookalike import filters
from lookalike.encoders.base import Encoder
from lookalike.imaging import DEFAULT_LIMITS, Limits
from lookalike.ingest.index import check_shard
from lookalike.ingest.plan import IndexPlan
from lookalike.ingest.prune import prune as prune_folders
from lookalike.ingest.report import IngestReport
from lookalike.ingest.run import BATCH, Run
from lookalike.records import OnDuplicate
from lookalike.sources.base import Failure
from lookalike.sources.table import TableSource
from lookalike.sources.uri import from_path
from lookalike.stores.base import Progress, Store

_DELETED_TOGETHER = 1024


def ingest_table(
    store: Store,
    encoders: Sequence[Encoder],
    source: TableSource,
    *,
    tenant: str = "",
    on_duplicate: OnDuplicate = "keep",
    prune: bool = False,
    progress: Progress | None = None,
    limits: Limits = DEFAULT_LIMITS,
    batch: int = BATCH,
    workers: int | None = None,
) -> IngestReport:
    """Index the pictures of a table's rows, or bring them up to date; otherwise as `ingest`.

    A row whose picture is unchanged and whose values are new costs no decoding. With `prune` the
    tenant's records below the source's folder are deleted whose files are gone, and those that
    came from a row (they have the id column among their attributes) which is no longer there.
    The part of one of several workers is the source's.
    """
    check_shard(source.shard, prune=prune, on_duplicate=on_duplicate)

    def clean_up(stopped: Callable[[], bool]) -> tuple[int, list[Failure]]:
        removed, failures = prune_folders(store, [source.root], tenant=tenant, stopped=stopped)
        if source.survey.unplaced:
            rows = f"the pictures of {source.survey.unplaced:,} rows are not known"
            why = f"{rows}; no record was removed for want of a row"
            return removed, [*failures, Failure(from_path(source.root), why)]
        return removed + _prune_rows(store, source, tenant, stopped), failures

    run = Run(
        store,
        encoders,
        source,
        IndexPlan(
            store,
            [encoder.spec.name for encoder in encoders],
            tenant=tenant,
            id_attribute=source.id_column,
            on_duplicate=on_duplicate,
            moves=source.shard is None,
        ),
        limits=limits,
        batch=batch,
        workers=workers,
        afterwards=clean_up if prune else None,
        alone=source.shard is None,
    )
    report = run(progress, count=source.count)
    return replace(report, notices=tuple(source.notices))


def _prune_rows(store: Store, source: TableSource, tenant: str, stopped: Callable[[], bool]) -> int:
    """Delete the records of rows that are no longer in the table.

    A row whose picture is not there may be of a picture that is here, by another path: a wrong
    path pattern must not empty the collection.
    """
    removed = 0
    gone: list[int] = []
    within = filters.uri_within(from_path(source.root))
    for record in store.scan(filters.all_of(filters.tenant_is(tenant), within)):
        if stopped():
            return removed
        key = record.attributes.get(source.id_column)
        kept = key is None or str(key) in source.without_picture
        if not kept and not source.survey.names(record.uri):
            gone.append(record.id)
        if len(gone) == _DELETED_TOGETHER:
            removed += store.delete(gone)
            gone = []
    return removed + (store.delete(gone) if gone else 0)
