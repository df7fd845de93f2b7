"""What people decided about pairs of records, as rows of the catalogue."""

import sqlite3
from collections.abc import Sequence

from lookalike.errors import NotFoundError, UsageError
from lookalike.records import Decision
from lookalike.stores.local.catalogue import Catalogue


def write(connection: sqlite3.Connection, decisions: Sequence[Decision]) -> None:
    """Keep decisions; one about the same pair is replaced.

    Raises:
        UsageError: the ids of a pair are not in order.
        NotFoundError: there is no record of an id.
    """
    for one in decisions:
        if not one.first < one.second:
            raise UsageError(
                f"A decision about records {one.first} and {one.second} names the smaller id first."
            )
        try:
            connection.execute(
                "INSERT INTO decisions (first, second, kind, made) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (first, second) DO UPDATE SET kind = excluded.kind, "
                "made = excluded.made",
                (one.first, one.second, one.kind, one.made),
            )
        except sqlite3.IntegrityError:
            raise NotFoundError(
                f"There is no record {one.first} or no record {one.second} to decide about."
            ) from None


def forget(connection: sqlite3.Connection, decisions: Sequence[Decision]) -> None:
    """Forget decisions about pairs; those not there are passed over."""
    connection.executemany(
        "DELETE FROM decisions WHERE first = ? AND second = ?",
        [(one.first, one.second) for one in decisions],
    )


def read(catalogue: Catalogue) -> list[Decision]:
    """All decisions, in order of ids."""
    rows = catalogue.read("SELECT kind, first, second, made FROM decisions ORDER BY first, second")
    return [Decision(*row) for row in rows]
