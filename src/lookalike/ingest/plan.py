"""What is to be done with each picture: nothing, a change of facts, a move, or encoding."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from lookalike.attributes import check_text, plain
from lookalike.errors import UsageError
from lookalike.ingest.job import Job
from lookalike.ingest.known import KnownBytes
from lookalike.ingest.ledger import Ledger
from lookalike.ingest.originals import Original, Originals
from lookalike.ingest.report import Duplicate, Outcome
from lookalike.records import Attributes, OnDuplicate, Record, Skipped
from lookalike.sources.base import Failure, Item
from lookalike.stores.base import Store
from lookalike.stores.checks import check_declared


class Plan(Protocol):
    """Decides thrice: from what the source says, when the bytes are read, when it is encoded.

    With `in_order` the last is asked in the order in which the pictures were found.
    """

    in_order: bool

    def look_up(self, items: Sequence[Item], ledger: Ledger) -> list[Job]:
        """Settle what need not be read; returns the rest as jobs."""
        ...

    def match(self, jobs: Sequence[Job], ledger: Ledger) -> list[Job]:
        """Settle what is known by its bytes; returns the rest.

        Of that, what has no vectors yet has to be encoded.
        """
        ...

    def settle(self, job: Job, ledger: Ledger) -> None:
        """Settle a picture that has its vectors."""
        ...


class IndexPlan:
    """Brings the store up to date with a source.

    The same size and time: unchanged. The same bytes under the same uri: only the facts change.
    A file's bytes known from a record whose file is gone: that record moves. Bytes known
    otherwise: a record of its own with the vectors copied. A new picture that is a duplicate of a
    record becomes what `on_duplicate` says. Without `moves`, as one of several workers, what would
    move is left: the others may have found the same bytes, and only one place can be the record's.
    `attributes` is asked per uri when an item has none. An item with an id is the record of that
    id; under another uri, too, if the record has the id as its attribute `id_attribute`.

    Raises:
        UsageError: the tenant is not valid text.
    """

    def __init__(
        self,
        store: Store,
        encoders: Iterable[str],
        *,
        tenant: str = "",
        attributes: Callable[[str], Attributes | None] = lambda _: None,
        id_attribute: str | None = None,
        on_duplicate: OnDuplicate = "keep",
        moves: bool = True,
    ) -> None:
        check_text(tenant, "the tenant")
        self._store = store
        self._declared = store.declared()
        self._known = KnownBytes(store, encoders, tenant)
        self._tenant = tenant
        self._attributes = attributes
        self._id_attribute = id_attribute
        self._on_duplicate = on_duplicate
        self._moves = moves
        self._originals = None if on_duplicate == "keep" else Originals(store, tenant)
        self.in_order = self._originals is not None

    def look_up(self, items: Sequence[Item], ledger: Ledger) -> list[Job]:
        """Compare size and time with the record of the same uri."""
        good: list[tuple[Item, Attributes | None]] = []
        for item in items:
            try:
                check_text(item.uri, "the uri")
                good.append((item, self._attributes_of(item)))
            except UsageError as error:
                ledger.fail(Failure(item.uri, str(error)))
        records = self._store.find([item.uri for item, _ in good], self._tenant)
        owners = self._owners([item.id for item, _ in good if item.id is not None])
        skipped = self._skipped([item for item, _ in good if item.uri not in records])
        jobs = []
        for item, attributes in good:
            if duplicate := skipped.get(item.uri):
                ledger.settle(Outcome.SKIPPED, item.uri, duplicate=duplicate)
                continue
            record = records.get(item.uri)
            if item.id is not None:
                owner = owners.get(item.id)
                if why := self._cannot_be(item, record, owner):
                    ledger.fail(Failure(item.uri, why))
                    continue
                record = owner
            if record is None:
                jobs.append(Job(item, self._tenant, attributes=attributes))
            elif record.uri == item.uri and _same_file(record, item):
                self._keep(record, _merged(record, attributes), ledger)
            else:
                jobs.append(Job(item, self._tenant, record, _merged(record, attributes)))
        return jobs

    def match(self, jobs: Sequence[Job], ledger: Ledger) -> list[Job]:
        """Compare digests, first with the record of the same uri, then with all."""
        self._known.look_up({job.sha256 for job in jobs if not _same_bytes(job)})
        rest = []
        for job in jobs:
            if job.record is not None and _same_bytes(job):
                job.like(job.record)
                changed = _changed(job.record, job.attributes)
                outcome = Outcome.UPDATED if changed else Outcome.UNCHANGED
                if job.record.uri != job.item.uri:
                    outcome = Outcome.MOVED
                ledger.settle(outcome, job.item.uri, entry=job.entry())
            elif not self._move(job, ledger):
                rest.append(job)
        twins = self._known.twins({job.sha256 for job in rest})
        for job in rest:
            if twin := twins.get(job.sha256):
                job.like(twin.record)
                job.with_vectors_of(twin)
        return rest

    def settle(self, job: Job, ledger: Ledger) -> None:
        """Add or update its record; a duplicate is left out or linked, if that is wished."""
        uri = job.item.uri
        if job.record is not None:
            ledger.settle(Outcome.UPDATED, uri, entry=job.entry())
            return
        original = self._original(job, ledger)
        if original is None:
            ledger.settle(Outcome.ADDED, uri, entry=job.entry())
            return
        record = original.record
        duplicate = Duplicate(uri, record.id, record.uri, original.reason)
        if self._on_duplicate == "link":
            # To the first of them all, so that no chain has to be followed.
            first = record.id if record.duplicate_of is None else record.duplicate_of
            entry = replace(job.entry(), duplicate_of=first)
            ledger.settle(Outcome.ADDED, uri, entry=entry, duplicate=duplicate)
            return
        skipped = None
        if job.item.modified_ns is not None:
            seen = (job.size, job.item.modified_ns)
            skipped = Skipped(uri, self._tenant, *seen, record.id, original.reason)
        ledger.settle(Outcome.SKIPPED, uri, duplicate=duplicate, skipped=skipped)

    def _original(self, job: Job, ledger: Ledger) -> Original | None:
        if self._originals is None:
            return None
        # What is about to be written has no id yet, and what is about to move no file.
        if ledger.moving or self._originals.may_be_among(ledger.entries, job):
            ledger.commit(records_only=True)
        return self._originals.find(job)

    def _skipped(self, items: Sequence[Item]) -> dict[str, Duplicate]:
        """Files that a run before left out, are the same, and whose originals are there."""
        if self._on_duplicate != "skip" or self._originals is None:
            return {}
        files = {one.uri: (one.size, one.modified_ns) for one in items}
        known = self._store.skipped(list(files), self._tenant)
        same = [one for uri, one in known.items() if files[uri] == (one.size, one.modified_ns)]
        records = self._store.get([one.duplicate_of for one in same])
        there = {record.id: record for record in self._originals.there(records)}
        return {
            one.uri: Duplicate(one.uri, one.duplicate_of, there[one.duplicate_of].uri, one.reason)
            for one in same
            if one.duplicate_of in there
        }

    def _owners(self, ids: Sequence[int]) -> dict[int, Record]:
        """The records that have these ids, of whatever tenant."""
        found = self._store.get(ids) if ids else []
        return {record.id: record for record in found if record is not None}

    def _cannot_be(self, item: Item, record: Record | None, owner: Record | None) -> str:
        """Why a picture cannot be the record of its id, given its own record and that of the id."""
        if record is not None and record.id != item.id:
            return (
                f"it is record {record.id} already, so it cannot be record {item.id}: delete "
                f"record {record.id} first, or let ids be text"
            )
        if owner is None or owner == record:
            return ""
        known = self._id_attribute and owner.attributes.get(self._id_attribute) == item.id
        if owner.tenant != self._tenant or not known:
            return f"the id {item.id} is that of another record; give this picture another"
        return ""

    def _attributes_of(self, item: Item) -> Attributes | None:
        """A picture's new attributes; UsageError when they cannot be had or kept."""
        given = item.attributes
        if given is None:
            try:
                given = self._attributes(item.uri)
            except MemoryError:
                raise
            except Exception as error:
                reason = f"the attributes function failed: {type(error).__name__}: {error}"
                raise UsageError(reason) from error
        if given is None:
            return None
        kept = plain(given)
        check_declared(kept, self._declared)
        return kept

    def _keep(self, record: Record, attributes: Attributes | None, ledger: Ledger) -> None:
        if _changed(record, attributes):
            assert attributes is not None
            change = (record.id, attributes)
            ledger.settle(Outcome.UPDATED, record.uri, attributes=change)
        else:
            ledger.settle(Outcome.UNCHANGED, record.uri)

    def _move(self, job: Job, ledger: Ledger) -> bool:
        # Only a file can have been moved: names of other pictures may look like paths too.
        if job.record is not None or job.item.modified_ns is None or job.item.id is not None:
            return False
        record = self._known.gone(job.sha256, ledger.claimed)
        if record is None:
            return False
        if not self._moves:
            ledger.settle(Outcome.LEFT, job.item.uri)
            return True
        change = None
        attributes = _merged(record, job.attributes)
        if attributes is not None and _changed(record, attributes):
            change = (record.id, attributes)
        job.like(record)
        move = (record.id, job.entry())
        ledger.settle(Outcome.MOVED, job.item.uri, move=move, attributes=change)
        return True


def _same_file(record: Record, item: Item) -> bool:
    seen = (item.size, item.modified_ns)
    return None not in seen and seen == (record.size, record.modified_ns)


def _same_bytes(job: Job) -> bool:
    return job.record is not None and job.record.sha256 == job.sha256


def _merged(record: Record, given: Attributes | None) -> Attributes | None:
    """The record's attributes with those given put in; a given name wins."""
    return None if given is None else {**record.attributes, **given}


def _changed(record: Record, attributes: Attributes | None) -> bool:
    return attributes is not None and dict(attributes) != dict(record.attributes)
