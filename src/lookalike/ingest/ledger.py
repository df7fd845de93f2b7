"""What is decided but not yet in the store, and the counts of what is."""

import time
from collections import Counter

from lookalike.ingest.report import Outcome
from lookalike.records import Attributes
from lookalike.sources.base import Failure
from lookalike.stores.base import Entry, Store


class Ledger:
    """Collects decisions and writes them in batches: by number, and by time.

    `counts` and `failed` hold only what is true of the store, `done` also what is about to be.
    """

    def __init__(self, store: Store, *, batch: int, seconds: float) -> None:
        self.counts: Counter[Outcome] = Counter()
        self.failed: list[Failure] = []
        self.done = 0
        self._store = store
        self._batch = batch
        self._seconds = seconds
        self._entries: list[Entry] = []
        self._moves: dict[int, Entry] = {}
        self._attributes: dict[int, Attributes] = {}
        self._outcomes: Counter[Outcome] = Counter()
        self._uris: set[str] = set()
        self._since = 0.0

    def __contains__(self, uri: str) -> bool:
        return uri in self._uris

    @property
    def wait(self) -> float | None:
        """Seconds until a commit is due; None when there is nothing to commit."""
        if not self._outcomes:
            return None
        if self._outcomes.total() >= self._batch:
            return 0.0
        return max(0.0, self._since + self._seconds - time.monotonic())

    def claimed(self, id: int) -> bool:  # noqa: A002 - the field's word
        """Whether a record is about to be moved already."""
        return id in self._moves

    def settle(
        self,
        outcome: Outcome,
        uri: str,
        *,
        entry: Entry | None = None,
        move: tuple[int, Entry] | None = None,
        attributes: tuple[int, Attributes] | None = None,
    ) -> None:
        """Decide what becomes of one picture; written at the next commit."""
        self.done += 1
        if entry is None and move is None and attributes is None:
            self.counts[outcome] += 1
            return
        if not self._outcomes:
            self._since = time.monotonic()
        self._outcomes[outcome] += 1
        self._uris.add(uri)
        if entry is not None:
            self._entries.append(entry)
        if move is not None:
            self._moves[move[0]] = move[1]
        if attributes is not None:
            self._attributes[attributes[0]] = attributes[1]

    def fail(self, failure: Failure) -> None:
        """Note one that cannot be used."""
        self.done += 1
        self.failed.append(failure)

    def commit(self) -> None:
        """Write what is decided."""
        if self._moves:
            self._store.move(self._moves)
        if self._attributes:
            self._store.update_attributes(self._attributes)
        for start in range(0, len(self._entries), self._batch):
            self._store.upsert(self._entries[start : start + self._batch])
        self.counts += self._outcomes
        self._outcomes.clear()
        self._uris.clear()
        self._entries = []
        self._moves = {}
        self._attributes = {}
