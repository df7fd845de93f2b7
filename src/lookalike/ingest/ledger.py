"""What is decided but not yet in the store, and the counts of what is."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lookalike.errors import NotFoundError
from lookalike.ingest.report import Duplicate, Outcome
from lookalike.records import Attributes, Skipped
from lookalike.sources.base import Failure
from lookalike.stores.base import Entry, Store


@dataclass(frozen=True, slots=True)
class _Decision:
    outcome: Outcome
    uri: str
    entry: Entry | None
    move: tuple[int, Entry] | None
    attributes: tuple[int, Attributes] | None
    duplicate: Duplicate | None
    skipped: Skipped | None


class Ledger:
    """Collects decisions and writes them in batches: by number, and by time.

    `counts`, `duplicates` and `failed` hold only what is true of the store, `done` also what is
    about to be.
    """

    def __init__(self, store: Store, *, batch: int, seconds: float) -> None:
        self.counts: Counter[Outcome] = Counter()
        self.failed: list[Failure] = []
        self.duplicates: list[Duplicate] = []
        self.done = 0
        self._store = store
        self._batch = batch
        self._seconds = seconds
        self._decisions: list[_Decision] = []
        self._uris: set[str] = set()
        self._moving: set[int] = set()
        self._since = 0.0

    def __contains__(self, uri: str) -> bool:
        return uri in self._uris

    @property
    def wait(self) -> float | None:
        """Seconds until a commit is due; None when there is nothing to commit."""
        if not self._decisions:
            return None
        if len(self._decisions) >= self._batch:
            return 0.0
        return max(0.0, self._since + self._seconds - time.monotonic())

    @property
    def entries(self) -> Iterator[Entry]:
        """What is to be written at the next commit."""
        return (one.entry for one in self._decisions if one.entry is not None)

    @property
    def moving(self) -> bool:
        """Whether any record is about to be moved."""
        return bool(self._moving)

    def claimed(self, id: int) -> bool:  # noqa: A002 - the field's word
        """Whether a record is about to be moved already."""
        return id in self._moving

    def settle(
        self,
        outcome: Outcome,
        uri: str,
        *,
        entry: Entry | None = None,
        move: tuple[int, Entry] | None = None,
        attributes: tuple[int, Attributes] | None = None,
        duplicate: Duplicate | None = None,
        skipped: Skipped | None = None,
    ) -> None:
        """Decide what becomes of one picture; written at the next commit.

        `skipped` is remembered of a file that is not added.
        """
        self.done += 1
        if entry is None and move is None and attributes is None and skipped is None:
            self.counts[outcome] += 1
            self.duplicates += [duplicate] if duplicate else []
            return
        if not self._decisions:
            self._since = time.monotonic()
        decision = _Decision(outcome, uri, entry, move, attributes, duplicate, skipped)
        self._decisions.append(decision)
        self._uris.add(uri)
        if move is not None:
            self._moving.add(move[0])

    def fail(self, failure: Failure) -> None:
        """Note one that cannot be used."""
        self.done += 1
        self.failed.append(failure)

    def commit(self, *, records_only: bool = False) -> None:
        """Write what is decided; with `records_only`, what is skipped stays for the next commit.

        What is about a record that was deleted meanwhile fails alone.
        """
        known = self._decisions
        self._decisions = [one for one in known if records_only and one.skipped is not None]
        decisions = [one for one in known if not records_only or one.skipped is None]
        self._uris = {one.uri for one in self._decisions}
        self._moving.clear()
        if not decisions:
            return
        try:
            self._write(decisions)
        except NotFoundError:
            # Writing again what was written already changes nothing.
            decisions = [decision for decision in decisions if self._write_alone(decision)]
        self.counts.update(decision.outcome for decision in decisions)
        self.duplicates += [one.duplicate for one in decisions if one.duplicate is not None]

    def _write(self, decisions: Sequence[_Decision]) -> None:
        entries = [one.entry for one in decisions if one.entry is not None]
        # The store would make these records again, without what they had.
        known = [
            one.entry.id
            for one in decisions
            if one.entry is not None
            and one.entry.id is not None
            and one.outcome is not Outcome.ADDED
        ]
        if None in self._store.get(known):
            raise NotFoundError("the record was deleted meanwhile")
        if moves := dict(one.move for one in decisions if one.move is not None):
            self._store.move(moves)
        if changes := dict(one.attributes for one in decisions if one.attributes is not None):
            self._store.update_attributes(changes)
        for start in range(0, len(entries), self._batch):
            self._store.upsert(entries[start : start + self._batch])
        if skipped := [one.skipped for one in decisions if one.skipped is not None]:
            self._store.skip(skipped)

    def _write_alone(self, decision: _Decision) -> bool:
        try:
            self._write([decision])
        except NotFoundError:
            reason = "its record was deleted meanwhile; index it again"
            self.failed.append(Failure(decision.uri, reason))
            return False
        return True
