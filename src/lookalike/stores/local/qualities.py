"""How much a picture gave its hash to go by, kept beside the hash for as long as that one."""

import sqlite3
from collections.abc import Iterable, Sequence

from lookalike.stores.base import Entry
from lookalike.stores.local.catalogue import Catalogue
from lookalike.stores.local.roster import Member
from lookalike.stores.local.rows import in_chunks


def write(
    connection: sqlite3.Connection,
    encoder: Member,
    pairs: Iterable[tuple[int, Entry]],
    replaced: Iterable[int],
) -> None:
    """Keep the qualities that come with new vectors, and drop those of the vectors replaced."""
    drop(connection, encoder, replaced)
    name = encoder.spec.name
    connection.executemany(
        "INSERT INTO qualities (id, encoder, quality) VALUES (?, ?, ?)",
        [
            (key, encoder.number, int(entry.qualities[name]))
            for key, entry in pairs
            if name in entry.qualities
        ],
    )


def drop(connection: sqlite3.Connection, encoder: Member, ids: Iterable[int]) -> None:
    """Forget the qualities of vectors that are no more."""
    connection.executemany(
        "DELETE FROM qualities WHERE id = ? AND encoder = ?",
        [(key, encoder.number) for key in ids],
    )


def read(catalogue: Catalogue, encoder: Member, ids: Sequence[int]) -> dict[int, int]:
    """Qualities by id; absent ids are left out."""
    found: dict[int, int] = {}
    for some in in_chunks(ids):
        marks = ",".join("?" * len(some))
        statement = f"SELECT id, quality FROM qualities WHERE encoder = ? AND id IN ({marks})"  # noqa: S608
        found.update(catalogue.read(statement, [encoder.number, *some]))
    return found
