"""What this process wrote of records a moment ago, so that a read need not wait for it.

A Milvus server shows a write some tenths of a second later; a read that must see it waits. Rows
written here are remembered for a moment instead: a read asks only for what is older than all of
those, and puts them in place of what it found.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Collection, Mapping
from typing import Any

_SECONDS = 2.0
"""Longer than a server takes to show a write, shorter than others' changes may be missed."""
_MOST_ROWS = 50_000
_READINGS = 4

Row = Mapping[str, Any]


class Recent:
    """Rows of records by id, as they were last written here; None for those deleted."""

    def __init__(self, since: int = 0) -> None:
        """`since` is the timestamp of what every read must see."""
        self._rows: OrderedDict[int, tuple[float, int, Row | None]] = OrderedDict()
        self._read: deque[tuple[float, Mapping[int, Row | None]]] = deque(maxlen=_READINGS)
        self._lock = threading.Lock()
        self._floor = since

    def note(self, timestamp: int, rows: Mapping[int, Row | None]) -> None:
        """Remember what was written, with the timestamp of the write."""
        now = time.monotonic()
        with self._lock:
            for key, row in rows.items():
                self._rows.pop(key, None)
                self._rows[key] = (now, timestamp, row)

    def note_read(self, rows: Mapping[int, Row | None]) -> None:
        """Remember what was just read; None for what is not there."""
        self._read.append((time.monotonic(), rows))

    def read(self, ids: Collection[int]) -> dict[int, Row | None]:
        """What was read a moment ago of some records, to be changed right after."""
        forgotten = time.monotonic() - _SECONDS
        found: dict[int, Row | None] = {}
        for when, rows in list(self._read):
            if when > forgotten:
                found.update({key: rows[key] for key in ids if key in rows})
        return found

    def of(self, ids: Collection[int] | None = None) -> tuple[int, dict[int, Row | None]]:
        """What is remembered, of some records or of all, and the write that a read must see."""
        forgotten = time.monotonic() - _SECONDS
        with self._lock:
            while self._rows:
                written, timestamp, _ = next(iter(self._rows.values()))
                if written > forgotten and len(self._rows) <= _MOST_ROWS:
                    break
                self._rows.popitem(last=False)
                self._floor = max(self._floor, timestamp)
            keys = self._rows if ids is None else [key for key in ids if key in self._rows]
            return self._floor, {key: self._rows[key][2] for key in keys}
