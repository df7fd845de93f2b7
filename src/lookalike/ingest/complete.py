"""What joined a collection later is made of the pictures that are there."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from lookalike.encoders.base import Encoder
from lookalike.filters import parse
from lookalike.imaging import DEFAULT_LIMITS, Limits
from lookalike.ingest.job import Job
from lookalike.ingest.ledger import Ledger
from lookalike.ingest.report import IngestReport, Outcome
from lookalike.ingest.run import BATCH, Run
from lookalike.records import Record
from lookalike.sources.base import Failure, Item
from lookalike.sources.file import is_gone, read_file
from lookalike.sources.uri import is_url, to_path
from lookalike.stores.base import Progress, Store

UNTRIMMED = "untrimmed_after"
"""The setting that says after which id pictures have hashes that came without trimmed ones."""
_FILES = parse("modified is not null")
_TRIMMED_TOGETHER = 4096


def embed_missing(
    store: Store,
    encoder: Encoder,
    *,
    files_only: bool = False,
    own: Callable[[Record], bool] | None = None,
    min_side: int | None = None,
    progress: Progress | None = None,
    limits: Limits = DEFAULT_LIMITS,
    batch: int = BATCH,
    workers: int | None = None,
) -> IngestReport:
    """Embed every record that has no vector for an encoder, of whatever tenant.

    Pictures are read again by their uris. One whose file is gone, or has changed since it was
    indexed, is a failure. Records of vectors computed elsewhere, which name no picture, are left
    as they are. An interrupted run goes on where it stopped.

    With `files_only` just the records of indexed files are looked at, which costs next to nothing
    when only others lack vectors: no URL is fetched, and pictures that came as bytes are left as
    they are.

    `own` says which records are this worker's, where several work at a time.

    `min_side` is the size in pixels at which the collection's pictures were decoded, so that they
    get the same embeddings as if the encoder had been there from the start.

    Returns:
        A report in which `updated` counts the records that were completed.
    """
    if not store.missing(encoder.spec.name, limit=1, files_only=files_only):
        return IngestReport()
    run = Run(
        store,
        [encoder],
        _again(_missing(store, encoder.spec.name, files_only, own), limits),
        CompletePlan(),
        limits=limits,
        batch=batch,
        min_side=min_side,
        workers=workers,
        stage=f"embed with {encoder.spec.name}",
        alone=own is None,
    )
    return run(progress)


def trim_again(
    store: Store,
    encoders: Sequence[Encoder],
    *,
    min_side: int | None = None,
    progress: Progress | None = None,
    limits: Limits = DEFAULT_LIMITS,
    workers: int | None = None,
) -> IngestReport:
    """Look for borders in the pictures whose hashes came without trimmed ones.

    They were made before those were kept, or imported. Files are read again, once; those that are
    gone or have changed are left as they are. An interrupted run goes on where it stopped.

    Args:
        store: the collection's; costs nothing where there is nothing to do.
        encoders: all that make hashes.
        min_side: as in `embed_missing`.
        progress: called as progress(stage, done, total).
        limits: how large a picture may be.
        workers: threads that read and decode; one per processor by default.

    Returns:
        A report with nothing but how long it took, and whether it was interrupted.
    """
    report = IngestReport()
    after = store.setting(UNTRIMMED)
    while after is not None and encoders and not report.interrupted:
        records = list(store.scan(_FILES, after, _TRIMMED_TOGETHER))
        run = Run(
            store,
            encoders,
            _again(records, limits),
            CompletePlan(),
            limits=limits,
            min_side=min_side,
            workers=workers,
            stage="look for borders",
        )
        done = run(progress)
        report += IngestReport(seconds=done.seconds, interrupted=done.interrupted)
        if not done.interrupted:
            after = records[-1].id if len(records) == _TRIMMED_TOGETHER else None
            store.set_setting(UNTRIMMED, after)
    return report


def note_untrimmed(store: Store, ids: Sequence[int]) -> None:
    """Have `trim_again` look at these records, and all with larger ids, the next time."""
    if ids:
        known = store.setting(UNTRIMMED)
        first = min(ids) - 1
        store.set_setting(UNTRIMMED, first if known is None else min(first, known))


@dataclass(frozen=True, slots=True)
class _Known(Item):
    """A picture that has a record already."""

    record: Record | None = None


class CompletePlan:
    """Encodes every record that comes along, if its picture is still the one that was indexed."""

    in_order = False

    def look_up(self, items: Sequence[Item], ledger: Ledger) -> list[Job]:
        """Everything has to be read."""
        jobs = []
        for item in items:
            assert isinstance(item, _Known)
            assert item.record is not None
            jobs.append(Job(item, item.record.tenant, item.record))
        return jobs

    def match(self, jobs: Sequence[Job], ledger: Ledger) -> list[Job]:
        """Refuse pictures that are no longer the ones that were indexed."""
        encode = []
        for job in jobs:
            assert job.record is not None
            if job.record.sha256 in {None, job.sha256}:
                encode.append(job)
            else:
                changed = "the file has changed since it was indexed; index it again"
                ledger.fail(Failure(job.item.uri, changed))
        return encode

    def settle(self, job: Job, ledger: Ledger) -> None:
        """A record that is completed is updated."""
        ledger.settle(Outcome.UPDATED, job.item.uri, entry=job.entry())


def _missing(
    store: Store, encoder: str, files_only: bool, own: Callable[[Record], bool] | None
) -> Iterator[Record]:
    """The records that lack a vector."""
    after = -1
    while records := store.missing(encoder, after=after, files_only=files_only):
        yield from records if own is None else filter(own, records)
        after = records[-1].id


def _again(records: Iterable[Record], limits: Limits) -> Iterator[Item | Failure]:
    """Records as items that read their pictures again; those of no picture are left out."""
    for record in records:
        path = to_path(record.uri)
        if path is not None and (record.modified_ns is not None or not is_gone(path)):
            read = partial(read_file, str(path), limits=limits)
        elif is_url(record.uri):
            from lookalike.sources.url import fetch

            read = partial(fetch, record.uri, limits=limits)
        elif record.sha256 is None:
            continue
        else:
            yield Failure(record.uri, "its picture was not kept; add it again")
            continue
        yield _Known(
            record.uri, read, size=record.size, modified_ns=record.modified_ns, record=record
        )
