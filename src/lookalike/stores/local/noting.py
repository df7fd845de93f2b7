"""What a transaction changes, noted for the indexes, and the numbers that go with it."""

import sqlite3
from collections.abc import Iterable, Sequence

from lookalike.stores.local.roster import Member
from lookalike.stores.local.rows import in_chunks


class Changes:
    """What one transaction changed, to be brought to the indexes after it."""

    def __init__(self) -> None:
        self.hashes: dict[str, set[int]] = {}
        """Ids whose hashes, whole or trimmed, are others now or none, by encoder."""
        self.points: dict[str, set[int]] = {}
        """Ids whose point in the engine is out of date, by encoder."""


def mark_points(
    connection: sqlite3.Connection, known: dict[str, Member], ids: list[int], changes: Changes
) -> None:
    """Note that filters on these records' fields are out of date in the engine."""
    if not ids:
        return
    for encoder in known.values():
        if not encoder.is_hash:
            mark(connection, encoder, present(connection, encoder.table, ids), changes)


def mark(
    connection: sqlite3.Connection, encoder: Member, ids: Sequence[int], changes: Changes
) -> None:
    """Note that these points of an encoder's index are out of date."""
    connection.executemany(
        "INSERT OR IGNORE INTO pending (encoder, id) VALUES (?, ?)",
        [(encoder.number, key) for key in ids],
    )
    changes.points.setdefault(encoder.spec.name, set()).update(ids)


def present(connection: sqlite3.Connection, table: str, ids: Iterable[int]) -> list[int]:
    """Those of the ids that the table has."""
    found: list[int] = []
    for some in in_chunks(ids):
        marks = ",".join("?" * len(some))
        statement = f"SELECT id FROM {table} WHERE id IN ({marks})"  # noqa: S608
        found.extend(key for (key,) in connection.execute(statement, some))
    return found


def count_records(connection: sqlite3.Connection, more: int) -> None:
    """Note that there are so many records more."""
    connection.execute("UPDATE totals SET records = records + ?", (more,))


def count_vectors(connection: sqlite3.Connection, encoder: Member, more: int) -> None:
    """Note that there are so many vectors of an encoder more."""
    connection.execute(
        "UPDATE encoders SET vectors = vectors + ? WHERE number = ?", (more, encoder.number)
    )


def count_again(connection: sqlite3.Connection, known: dict[str, Member]) -> None:
    """Put the numbers of records and vectors right."""
    connection.execute("UPDATE totals SET records = (SELECT count(*) FROM records)")
    for one in known.values():
        connection.execute(
            f"UPDATE encoders SET vectors = (SELECT count(*) FROM {one.table}) "  # noqa: S608
            "WHERE number = ?",
            (one.number,),
        )
