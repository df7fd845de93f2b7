"""Hashes of pictures without their borders, kept beside those of the whole pictures."""

import sqlite3
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import UsageError
from lookalike.stores.base import Entry
from lookalike.stores.checks import member
from lookalike.stores.local.catalogue import Catalogue
from lookalike.stores.local.roster import Member
from lookalike.stores.local.rows import in_chunks


def write(
    connection: sqlite3.Connection,
    known: dict[str, Member],
    entries: Sequence[Entry],
    ids: Sequence[int],
    changed: dict[str, set[int]],
) -> None:
    """Keep the trimmed hashes that came with entries, and note in `changed` whose they are.

    Raises:
        UsageError: one is no hash of its encoder, or its record has no whole one.
    """
    for entry, key in zip(entries, ids, strict=True):
        for name, hashed in entry.trimmed.items():
            encoder = member(known, name)
            if (
                not encoder.is_hash
                or getattr(hashed, "dtype", None) != np.uint8
                or hashed.shape != (encoder.spec.size // 8,)
            ):
                raise UsageError(f"{entry.uri}: a trimmed hash of {name!r} is no hash of its size.")
            if not connection.execute(
                f"SELECT 1 FROM {encoder.table} WHERE id = ?",  # noqa: S608
                (key,),
            ).fetchone():
                raise UsageError(
                    f"{entry.uri}: a trimmed hash of {name!r} comes without that of the whole."
                )
            connection.execute(
                f"INSERT INTO {encoder.trimmed_table} (id, hash) VALUES (?, ?) "  # noqa: S608
                "ON CONFLICT (id) DO UPDATE SET hash = excluded.hash",
                (key, hashed.tobytes()),
            )
            changed.setdefault(name, set()).add(key)


def drop(connection: sqlite3.Connection, encoder: Member, ids: Iterable[int]) -> None:
    """Forget the trimmed hashes of pictures whose hashes are others now."""
    connection.executemany(
        f"DELETE FROM {encoder.trimmed_table} WHERE id = ?",  # noqa: S608
        [(key,) for key in ids],
    )


def read(catalogue: Catalogue, encoder: Member, ids: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
    """Trimmed hashes by id, (bits/8,) uint8; absent ids are left out."""
    found: dict[int, NDArray[np.uint8]] = {}
    for some in in_chunks(ids):
        marks = ",".join("?" * len(some))
        statement = f"SELECT id, hash FROM {encoder.trimmed_table} WHERE id IN ({marks})"  # noqa: S608
        for key, blob in catalogue.read(statement, some):
            found[key] = np.frombuffer(blob, np.uint8).copy()
    return found
