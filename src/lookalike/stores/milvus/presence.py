"""Who writes to a collection, so that what a writer leaves that dies is taken out soon.

A process leaves a mark when it begins to write, renews it, and takes it away when it is done. A
mark that is not renewed any more is that of one that died: who begins to write next takes out the
vectors without a record that were written since, and those of records that it was deleting.
"""

import atexit
import contextlib
import itertools
import secrets
import threading
import time
from collections.abc import Iterator, Sequence

from lookalike.errors import LookalikeError
from lookalike.stores.milvus.connection import Connection
from lookalike.stores.milvus.kept import KeptEntry, KeptTable

WRITER, DELETING = "writer", "deleting"
"""Kinds of kept entries: a mark, and the ids that its process is deleting now."""

_BEAT_SECONDS = 15.0
_DEAD_SECONDS = 90.0
"""Without a sign of life; longer than any request may take."""


class Presence:
    """The mark of this process; safe to use from several threads.

    `failed` says that a write has failed, which may have left vectors without a record.
    """

    def __init__(self, connection: Connection, kept: KeptTable) -> None:
        self._connection = connection
        self._kept = kept
        self._key = secrets.token_hex(8)
        self.failed = False
        self._since = 0.0
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> bool:
        """Leave the mark, unless that is done; returns whether it was not."""
        with self._lock:
            if self._thread is not None:
                return False
            self._since = time.time()
            self._renew()
            self._thread = threading.Thread(target=self._live, name="lookalike-mark", daemon=True)
            self._thread.start()
            atexit.register(self._ended.set)
            return True

    @contextlib.contextmanager
    def deleting(self, ids: Sequence[int]) -> Iterator[None]:
        """Keep what is being deleted until the block has ended without an error."""
        key = f"{self._key}:{next(self._numbers)}"
        self._kept.put([KeptEntry(DELETING, key, list(ids))])
        try:
            yield
        except BaseException:
            self.failed = True
            raise
        self._kept.remove(DELETING, [key])

    def end(self) -> None:
        """Take the mark away, unless something failed that may have left something, too."""
        self._ended.set()
        if self._thread is None:
            return
        self._thread.join()
        atexit.unregister(self._ended.set)
        if not self.failed:
            with contextlib.suppress(LookalikeError):
                self._kept.remove(WRITER, [self._key])

    def _renew(self) -> None:
        value = {"since": self._since, "alive": _seconds(self._connection)}
        self._kept.put([KeptEntry(WRITER, self._key, value)])

    def _live(self) -> None:
        while not self._ended.wait(_BEAT_SECONDS):
            with contextlib.suppress(LookalikeError):
                self._renew()

    def dead(self) -> list[KeptEntry]:
        """The marks that are not renewed any more; `since` in their values is when they began."""
        now = _seconds(self._connection)
        marks = self._kept.every(WRITER)
        return [mark for mark in marks if now - mark.value["alive"] > _DEAD_SECONDS]


def _seconds(connection: Connection) -> float:
    """The server's time; the machines of writers may have others."""
    # A timestamp is milliseconds, and 18 bits that count within one.
    return (connection.moment() >> 18) / 1000
