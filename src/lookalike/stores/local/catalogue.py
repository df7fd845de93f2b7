"""The catalogue file: one SQLite database, one connection that writes, a pool that reads."""

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lookalike.errors import StoreError
from lookalike.stores.local import schema

FILE_NAME = "catalogue.sqlite3"

_PAGE_BYTES = 8192
"""Fits seven float16 embeddings of 512 dimensions; the usual 4096 wastes a quarter on them."""

_READ_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA cache_size = -16384",
    "PRAGMA mmap_size = 17179869184",
    "PRAGMA temp_store = MEMORY",
)


class Catalogue:
    """Connections to one catalogue file.

    `read` runs one statement on a connection of the pool, from any thread; `writing` is one
    transaction on the writing connection, under a lock.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.path = folder / FILE_NAME
        self.read_only = read_only
        self.lock = threading.RLock()
        self._pool: deque[sqlite3.Connection] = deque()
        self._closed = False
        self._uri = self._address()
        with self.failures():
            if read_only:
                self._pool.append(self._connect())
                self._writer = None
            else:
                self._writer = self._connect()
                schema.version(self._writer, str(self.path))
                self._writer.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
                self._writer.execute("PRAGMA journal_mode = WAL")
                self._writer.execute("PRAGMA synchronous = FULL")
                self._writer.execute("PRAGMA journal_size_limit = 67108864")
                schema.migrate(self._writer, str(self.path))

    def _address(self) -> str:
        path = quote(str(self.path.absolute()))
        if not self.read_only:
            return f"file:{path}?mode=rwc"
        # A folder that cannot be written to has no room for SQLite's shared memory. Where no
        # log is left either, no writer is at work, and the file can be read as it stands.
        log = self.path.with_name(FILE_NAME + "-wal")
        if not log.exists() and not os.access(self.path.parent, os.W_OK):
            return f"file:{path}?immutable=1"
        return f"file:{path}?mode=ro"

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._uri,
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            for pragma in _READ_PRAGMAS:
                connection.execute(pragma)
            if self.read_only:
                place = str(self.path)
                for statement in list(schema.for_reader(connection, place)):
                    connection.execute(statement)
        except BaseException:
            connection.close()
            raise
        return connection

    def read(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """All rows of one SELECT, as of one moment."""
        try:
            connection = self._pool.pop()
        except IndexError:
            connection = self._another()
        try:
            return connection.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise self.explain(error) from error
        finally:
            self._give_back(connection)

    def writes(self) -> int:
        """How many times the catalogue has been written to, by whom ever."""
        ((count,),) = self.read("SELECT writes FROM totals")
        return int(count)

    def stream(self, statement: str, parameters: Sequence[Any], rows: int) -> Iterator[list[Any]]:
        """The rows of one SELECT, as of one moment, `rows` at a time."""
        with self.failures():
            connection = self._another()
            try:
                cursor = connection.execute(statement, parameters)
                while chunk := cursor.fetchmany(rows):
                    yield chunk
            finally:
                connection.close()

    def _another(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError(f"The collection {self.path.parent} is closed: open it again.")
        with self.failures():
            return self._connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if self._closed:
            connection.close()
        else:
            self._pool.append(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it happens, or nothing."""
        with self.lock, self.failures():
            if self._closed or self._writer is None:
                raise StoreError(f"The collection {self.path.parent} is closed: open it again.")
            writer = self._writer
            writer.execute("BEGIN IMMEDIATE")
            try:
                yield writer
                writer.execute("UPDATE totals SET writes = writes + 1")
                writer.execute("COMMIT")
            except BaseException:
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
                raise

    def check(self) -> list[str]:
        """What is wrong inside the file, in SQLite's words; reads all of it."""
        rows = self.read("PRAGMA quick_check(5)")
        return [text for (text,) in rows if text != "ok"]

    def bytes_on_disk(self) -> int:
        """Bytes of the file and its log."""
        names = (FILE_NAME, FILE_NAME + "-wal")
        paths = [self.path.with_name(name) for name in names]
        return sum(path.stat().st_size for path in paths if path.exists())

    def close(self) -> None:
        """Close every connection; the last one folds the log into the file."""
        with self.lock:
            self._closed = True
            while self._pool:
                self._pool.pop().close()
            if self._writer is not None:
                self._writer.close()

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Turn SQLite's errors into ours."""
        try:
            yield
        except sqlite3.Error as error:
            raise self.explain(error) from error

    def explain(self, error: sqlite3.Error) -> StoreError:
        """What went wrong and what to do, in words."""
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        place = self.path
        if code == sqlite3.SQLITE_FULL:
            return StoreError(
                f"The disk of {place} is full: make room and run the same again; "
                "what was stored before is intact."
            )
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return StoreError(
                f"{place} is damaged ({error}): restore it from a backup, or save what can be "
                f"read with `sqlite3 {place.name} .recover`. Nothing was changed."
            )
        denied = code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN)
        if denied and self.read_only:
            return StoreError(
                f"{place} cannot be read as it is ({error}): check its permissions. If it was not "
                "closed properly, open it once for writing, or copy its folder and open the copy."
            )
        if denied:
            return StoreError(
                f"{place} cannot be opened or written to ({error}): "
                "check the permissions of the file and its folder, or open it read-only."
            )
        if code == sqlite3.SQLITE_BUSY:
            return StoreError(f"{place} is kept busy by another program: close it and try again.")
        return StoreError(
            f"{place}: {error}. Check the disk and its free space, then run the same again."
        )
