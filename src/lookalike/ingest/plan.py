"""What is to be done with each picture: nothing, a change of facts, a move, or encoding."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from lookalike.ingest.job import Job
from lookalike.ingest.ledger import Ledger
from lookalike.ingest.report import Outcome
from lookalike.records import Attributes, Record
from lookalike.sources.base import Item
from lookalike.sources.file import is_gone
from lookalike.sources.uri import to_path
from lookalike.stores.base import Store


class Plan(Protocol):
    """Decides twice: once from what the source says, once when the bytes are read."""

    def look_up(self, items: Sequence[Item], ledger: Ledger) -> list[Job]:
        """Settle what need not be read; returns the rest as jobs."""
        ...

    def match(self, jobs: Sequence[Job], ledger: Ledger) -> list[Job]:
        """Settle what is known by its bytes; returns what has to be encoded."""
        ...

    def outcome(self, job: Job) -> Outcome:
        """What an encoded picture counts as."""
        ...


class IndexPlan:
    """Brings the store up to date with a source.

    The same size and time: unchanged. The same bytes under the same uri: only the facts change.
    Bytes known from a record whose file is gone: that record moves. Bytes known otherwise: a
    record of its own with the vectors copied. `attributes` is asked per uri when an item has none.
    """

    def __init__(
        self,
        store: Store,
        encoders: Iterable[str],
        *,
        tenant: str = "",
        attributes: Callable[[str], Attributes | None] = lambda _: None,
    ) -> None:
        self._store = store
        self._encoders = tuple(encoders)
        self._tenant = tenant
        self._attributes = attributes

    def look_up(self, items: Sequence[Item], ledger: Ledger) -> list[Job]:
        """Compare size and time with the record of the same uri."""
        records = self._store.find([item.uri for item in items], self._tenant)
        jobs = []
        for item in items:
            record = records.get(item.uri)
            attributes = item.attributes
            if attributes is None:
                attributes = self._attributes(item.uri)
            if record is not None and _same_file(record, item):
                self._keep(record, attributes, ledger)
            else:
                jobs.append(Job(item, self._tenant, record, attributes))
        return jobs

    def match(self, jobs: Sequence[Job], ledger: Ledger) -> list[Job]:
        """Compare digests, first with the record of the same uri, then with all."""
        fresh = [job for job in jobs if not _same_bytes(job)]
        digests = list({job.sha256 for job in fresh})
        known = self._store.find_digests(digests, self._tenant) if digests else {}
        encode = []
        for job in jobs:
            if job.record is not None and _same_bytes(job):
                job.like(job.record)
                changed = _changed(job.record, job.attributes)
                outcome = Outcome.UPDATED if changed else Outcome.UNCHANGED
                ledger.settle(outcome, job.item.uri, entry=job.entry())
                continue
            records = known.get(job.sha256, ())
            if not self._move(job, records, ledger) and not self._copy(job, records, ledger):
                encode.append(job)
        return encode

    def outcome(self, job: Job) -> Outcome:
        """Added when the uri was not known."""
        return Outcome.ADDED if job.record is None else Outcome.UPDATED

    def _keep(self, record: Record, attributes: Attributes | None, ledger: Ledger) -> None:
        if _changed(record, attributes):
            assert attributes is not None
            change = (record.id, attributes)
            ledger.settle(Outcome.UPDATED, record.uri, attributes=change)
        else:
            ledger.settle(Outcome.UNCHANGED, record.uri)

    def _move(self, job: Job, records: Sequence[Record], ledger: Ledger) -> bool:
        if job.record is not None or to_path(job.item.uri) is None:
            return False
        for record in records:
            if not ledger.claimed(record.id) and _is_gone(record.uri):
                change = None
                if _changed(record, job.attributes):
                    assert job.attributes is not None
                    change = (record.id, job.attributes)
                job.like(record)
                move = (record.id, job.entry())
                ledger.settle(Outcome.MOVED, job.item.uri, move=move, attributes=change)
                return True
        return False

    def _copy(self, job: Job, records: Sequence[Record], ledger: Ledger) -> bool:
        for record in records:
            vectors = _vectors(self._store, self._encoders, record.id)
            if len(vectors) == len(self._encoders):
                job.like(record)
                job.vectors = vectors
                ledger.settle(self.outcome(job), job.item.uri, entry=job.entry())
                return True
        return False


def _same_file(record: Record, item: Item) -> bool:
    seen = (item.size, item.modified_ns)
    return None not in seen and seen == (record.size, record.modified_ns)


def _same_bytes(job: Job) -> bool:
    return job.record is not None and job.record.sha256 == job.sha256


def _changed(record: Record, attributes: Attributes | None) -> bool:
    return attributes is not None and dict(attributes) != dict(record.attributes)


def _is_gone(uri: str) -> bool:
    path = to_path(uri)
    return path is not None and is_gone(path)


def _vectors(store: Store, encoders: Iterable[str], id: int) -> dict[str, NDArray[Any]]:  # noqa: A002
    found = {name: store.vectors(name, [id]).get(id) for name in encoders}
    return {name: vector for name, vector in found.items() if vector is not None}
