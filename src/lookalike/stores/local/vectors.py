"""Embeddings and hashes, kept and dropped inside the caller's transaction."""

import sqlite3

from lookalike.stores.base import Entry
from lookalike.stores.checks import check_quality, matrix_of, member
from lookalike.stores.local import noting, qualities, trimming
from lookalike.stores.local.noting import Changes
from lookalike.stores.local.roster import Member


def write(
    connection: sqlite3.Connection,
    known: dict[str, Member],
    entries: list[Entry],
    ids: list[int],
    old: list[int],
    changes: Changes,
) -> None:
    """Keep the vectors that came with entries for the records `ids`; `old` ones were there before.

    Raises:
        UsageError: one is no vector of its encoder, or a quality is none.
        UnknownEncoderError: the collection does not have an encoder.
    """
    by_encoder: dict[str, list[int]] = {}
    for place, entry in enumerate(entries):
        check_quality(entry)
        for name in entry.vectors:
            by_encoder.setdefault(name, []).append(place)
    for name, places in by_encoder.items():
        encoder = member(known, name)
        blobs = _blobs(encoder, [entries[place] for place in places])
        written = [ids[place] for place in places]
        replaced = noting.present(connection, encoder.table, set(written).intersection(old))
        connection.executemany(
            f"INSERT INTO {encoder.table} (id, vector) VALUES (?, ?) "  # noqa: S608
            "ON CONFLICT (id) DO UPDATE SET vector = excluded.vector",
            zip(written, blobs, strict=True),
        )
        noting.count_vectors(connection, encoder, len(written) - len(replaced))
        pairs = [(ids[place], entries[place]) for place in places]
        qualities.write(connection, encoder, pairs, replaced)
        if encoder.is_hash:
            trimming.drop(connection, encoder, replaced)
            changes.hashes.setdefault(name, set()).update(written)
        else:
            noting.mark(connection, encoder, written, changes)


def _blobs(encoder: Member, entries: list[Entry]) -> list[bytes]:
    """The vectors as the catalogue keeps them: float16 components, or the hash's bytes.

    Raises:
        UsageError: wrong shape or type, not finite, or not of unit length.
    """
    matrix = matrix_of(encoder.spec, entries)
    return [row.tobytes() for row in (matrix if encoder.is_hash else matrix.astype("<f2"))]


def drop_outdated(
    connection: sqlite3.Connection,
    known: dict[str, Member],
    entries: list[Entry],
    ids: list[int],
    outdated: list[int],
    changes: Changes,
) -> None:
    """Delete the vectors that pictures with new bytes had of encoders that were not run again."""
    if not outdated:
        return
    given = {key: entry.vectors for entry, key in zip(entries, ids, strict=True)}
    for encoder in known.values():
        kept = [key for key in outdated if encoder.spec.name not in given[key]]
        lost = noting.present(connection, encoder.table, kept)
        lose(connection, encoder, lost, changes)
        connection.executemany(
            f"DELETE FROM {encoder.table} WHERE id = ?",  # noqa: S608
            [(key,) for key in lost],
        )
        if encoder.is_hash:
            trimming.drop(connection, encoder, lost)
        qualities.drop(connection, encoder, lost)


def lose(
    connection: sqlite3.Connection, encoder: Member, lost: list[int], changes: Changes
) -> None:
    """Note that these vectors are deleted in this transaction."""
    noting.count_vectors(connection, encoder, -len(lost))
    if encoder.is_hash:
        changes.hashes.setdefault(encoder.spec.name, set()).update(lost)
    else:
        noting.mark(connection, encoder, lost, changes)
