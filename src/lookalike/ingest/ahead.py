"""How far a source may run ahead of those who use what it finds."""

import threading

from lookalike.sources.base import Failure, Item

MOST_ITEMS = 512
MOST_BYTES = 64 << 20
"""Of items that hold their bytes; one item may be larger."""


class Ahead:
    """Counts what was found and not yet taken, and holds the source back when that is too much."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._items = 0
        self._bytes = 0

    def enter(self, item: Item | Failure, stopping: threading.Event) -> None:
        """Count one more, when there is room for it; returns at once when stopping."""
        held = _held(item)
        with self._changed:
            while self._items >= MOST_ITEMS or (self._bytes and self._bytes + held > MOST_BYTES):
                if stopping.is_set():
                    return
                self._changed.wait(0.1)
            self._items += 1
            self._bytes += held

    def leave(self, item: Item | Failure) -> None:
        """Count one less."""
        with self._changed:
            self._items -= 1
            self._bytes -= _held(item)
            self._changed.notify()


def _held(item: Item | Failure) -> int:
    return item.held if isinstance(item, Item) else 0
