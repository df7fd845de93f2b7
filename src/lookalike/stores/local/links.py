"""Which record a record was found to be a duplicate of when it was added."""

import sqlite3
from collections.abc import Iterable, Sequence

from lookalike.stores.base import Entry
from lookalike.stores.local.rows import in_chunks


def allowed(
    connection: sqlite3.Connection,
    entries: Sequence[Entry],
    ids: Sequence[int],
    outdated: Iterable[int],
) -> list[int | None]:
    """The link of each entry, None where there is no such record any more, or it is itself.

    `outdated` records get other bytes by one of the entries: only those after it can mean them.
    """
    there: set[int] = set()
    for some in in_chunks({entry.duplicate_of for entry in entries} - {None}):
        marks = ",".join("?" * len(some))
        statement = f"SELECT id FROM records WHERE id IN ({marks})"  # noqa: S608
        there.update(key for (key,) in connection.execute(statement, some))
    there.difference_update(outdated)
    linked: list[int | None] = []
    for entry, key in zip(entries, ids, strict=True):
        good = entry.duplicate_of in there and entry.duplicate_of != key
        linked.append(entry.duplicate_of if good else None)
        there.add(key)
    return linked


def drop(connection: sqlite3.Connection, ids: Iterable[int]) -> list[int]:
    """Forget what is known of these records and others: they have new bytes, or go.

    Returns:
        The records that were linked to them.
    """
    unlinked: list[int] = []
    gone = list(ids)
    for some in in_chunks(gone):
        marks = ",".join("?" * len(some))
        statement = f"SELECT id FROM records WHERE duplicate_of IN ({marks})"  # noqa: S608
        unlinked.extend(key for (key,) in connection.execute(statement, some))
    one = [(key,) for key in gone]
    connection.executemany("UPDATE records SET duplicate_of = NULL WHERE duplicate_of = ?", one)
    connection.executemany("DELETE FROM decisions WHERE first = ?", one)
    connection.executemany("DELETE FROM decisions WHERE second = ?", one)
    connection.executemany("DELETE FROM skipped WHERE duplicate_of = ?", one)
    return unlinked
