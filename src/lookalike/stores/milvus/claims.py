"""Which records the threads of this process are changing: each record by one thread at a time."""

import contextlib
import threading
from collections.abc import Iterable, Iterator


class Claims:
    """Ids that are read, changed and written again, and by which thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._claimed: set[int] = set()
        self._alone: int | None = None

    @contextlib.contextmanager
    def of(self, ids: Iterable[int]) -> Iterator[None]:
        """Wait until nobody else changes one of these records."""
        wanted = set(ids)
        own = threading.get_ident()
        with self._changed:
            self._changed.wait_for(
                lambda: self._alone in {None, own} and self._claimed.isdisjoint(wanted)
            )
            self._claimed |= wanted
        try:
            yield
        finally:
            with self._changed:
                self._claimed -= wanted
                self._changed.notify_all()

    @contextlib.contextmanager
    def of_all(self) -> Iterator[None]:
        """Wait until nobody else changes any record."""
        with self._changed:
            self._changed.wait_for(lambda: self._alone is None and not self._claimed)
            self._alone = threading.get_ident()
        try:
            yield
        finally:
            with self._changed:
                self._alone = None
                self._changed.notify_all()
