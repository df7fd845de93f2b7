"""What this process wrote of records a moment ago, so that a read need not wait for it.

A Milvus server shows a write some tenths of a second later; a read that must see it waits. Rows
written here are remembered instead: a read asks only for what is older than all of those, and puts
them in place of what it found. What others write is seen as late as ever.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

_MOST_ROWS = 20_000


class Recent:
    """Rows of records by id, as they were last written here; None for those deleted."""

    def __init__(self) -> None:
        self._rows: OrderedDict[int, tuple[int, Mapping[str, Any] | None]] = OrderedDict()
        self._lock = threading.Lock()
        self.floor = 0
        """The timestamp of the last write that is not remembered any more."""

    def note(self, written: int, rows: Mapping[int, Mapping[str, Any] | None]) -> None:
        """Remember what was written, with the timestamp of the write."""
        with self._lock:
            for key, row in rows.items():
                held = self._rows.pop(key, None)
                self._rows[key] = (written, row) if held is None or held[0] <= written else held
            while len(self._rows) > _MOST_ROWS:
                _, (timestamp, _) = self._rows.popitem(last=False)
                self.floor = max(self.floor, timestamp)

    def of(self, ids: Iterable[int]) -> dict[int, Mapping[str, Any] | None]:
        """What was written of some records; those not remembered are left out."""
        with self._lock:
            return {key: self._rows[key][1] for key in ids if key in self._rows}

    def every(self) -> dict[int, Mapping[str, Any] | None]:
        """All that is remembered."""
        with self._lock:
            return {key: row for key, (_, row) in self._rows.items()}
