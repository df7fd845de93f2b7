"""Changes to the catalogue, each inside the caller's transaction."""

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from lookalike.attributes import check_text
from lookalike.errors import NotFoundError, UsageError
from lookalike.records import MAX_ID, AttributeKind, Attributes, Record
from lookalike.stores.base import Entry
from lookalike.stores.entries import has_other_bytes, merged, without_repeats
from lookalike.stores.local import links, noting, rows, trimming, vectors
from lookalike.stores.local.noting import Changes
from lookalike.stores.local.roster import Member
from lookalike.stores.local.rows import in_chunks

Declared: TypeAlias = Mapping[str, AttributeKind]
"""Declared attributes and what they hold."""


def upsert(
    connection: sqlite3.Connection,
    known: dict[str, Member],
    entries: Sequence[Entry],
    declared: Declared,
) -> tuple[list[int], Changes]:
    """Insert or update records with their vectors."""
    changes = Changes()
    now = time.time()
    ids: list[int] = []
    for group in without_repeats(entries):
        ids.extend(_upsert_group(connection, known, group, declared, now, changes))
    return ids, changes


def _upsert_group(
    connection: sqlite3.Connection,
    known: dict[str, Member],
    entries: list[Entry],
    declared: Declared,
    now: float,
    changes: Changes,
) -> list[int]:
    ids = _resolve(connection, entries)
    if len(ids) - ids.count(-1) > len(set(ids) - {-1}):
        # One entry takes a uri from a record that another entry still finds by it.
        return [
            key
            for entry in entries
            for key in _upsert_group(connection, known, [entry], declared, now, changes)
        ]
    found = {record.id: record for record in _records(connection, [i for i in ids if i >= 0])}
    (last,) = connection.execute(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'records'), 0)"
    ).fetchone()
    last = max(last, *ids)
    for place, current in enumerate(ids):
        if current < 0:
            last += 1
            ids[place] = last
    if last > MAX_ID:
        raise UsageError(
            "No id is left above the largest one in use: give new records explicit ids."
        )
    outdated = [
        key
        for entry, key in zip(entries, ids, strict=True)
        if key in found and has_other_bytes(entry, found[key])
    ]
    unlinked = links.drop(connection, outdated)
    if unlinked:
        found = {record.id: record for record in _records(connection, list(found))}
    linked = links.allowed(connection, entries, ids, outdated)
    lines = [
        _line(merged(entry, key, found.get(key), link, now), declared)
        for entry, key, link in zip(entries, ids, linked, strict=True)
    ]
    connection.executemany(rows.INSERT, lines)
    noting.count_records(connection, len(ids) - len(found))
    vectors.drop_outdated(connection, known, entries, ids, outdated, changes)
    vectors.write(connection, known, entries, ids, list(found), changes)
    trimming.write(connection, known, entries, ids, changes.hashes)
    noting.mark_points(connection, known, [*found, *unlinked], changes)
    return ids


def _resolve(connection: sqlite3.Connection, entries: list[Entry]) -> list[int]:
    """The id of each entry's record, −1 for a new one without an id."""
    ids = []
    for entry in entries:
        check_text(entry.uri, "The uri")
        check_text(entry.tenant, "The tenant")
        row = connection.execute(
            "SELECT id FROM records WHERE tenant = ? AND uri = ?", (entry.tenant, entry.uri)
        ).fetchone()
        if entry.id is None:
            ids.append(-1 if row is None else row[0])
            continue
        if not 0 <= entry.id <= MAX_ID:
            raise UsageError(f"The id {entry.id} of {entry.uri} is not within 0 and 2^63 − 1.")
        if row is not None and row[0] != entry.id:
            raise UsageError(
                f"{entry.uri} already is record {row[0]}, so it cannot be record {entry.id}: "
                "leave the id out, or delete the other record first."
            )
        ids.append(int(entry.id))
    return ids


def _line(record: Record, declared: Declared) -> tuple[Any, ...]:
    return (
        record.id,
        record.uri,
        record.tenant,
        record.sha256,
        record.md5,
        record.size,
        record.modified_ns,
        record.width,
        record.height,
        record.format,
        rows.attributes_json(record.attributes, record.uri, declared),
        record.added,
        record.updated,
        record.pixels,
        record.border,
        record.duplicate_of,
    )


def update_attributes(
    connection: sqlite3.Connection,
    known: dict[str, Member],
    changes: Mapping[int, Attributes],
    declared: Declared,
) -> Changes:
    """Replace the attributes of records."""
    done = Changes()
    found = {record.id: record for record in _records(connection, list(changes))}
    _need_all(found, changes)
    now = time.time()
    connection.executemany(
        "UPDATE records SET attributes = ?, updated = ? WHERE id = ?",
        [
            (rows.attributes_json(attributes, found[key].uri, declared), now, key)
            for key, attributes in changes.items()
        ],
    )
    noting.mark_points(connection, known, list(changes), done)
    return done


def move(
    connection: sqlite3.Connection, known: dict[str, Member], moves: Mapping[int, Entry]
) -> Changes:
    """Give records another uri, tenant and file facts."""
    done = Changes()
    found = {record.id: record for record in _records(connection, list(moves))}
    _need_all(found, moves)
    for entry in moves.values():
        check_text(entry.uri, "The uri")
        check_text(entry.tenant, "The tenant")
    now = time.time()
    # Two steps, so that records can trade places.
    connection.executemany(
        "UPDATE records SET uri = char(1) || id WHERE id = ?", [(key,) for key in moves]
    )
    for key, entry in moves.items():
        try:
            connection.execute(
                "UPDATE records SET uri = ?, tenant = ?, size = ?, modified_ns = ?, updated = ? "
                "WHERE id = ?",
                (entry.uri, entry.tenant, entry.size, entry.modified_ns, now, key),
            )
        except sqlite3.IntegrityError:
            raise UsageError(
                f"Record {key} cannot move to {entry.uri}: another record is there. "
                "Delete or move that one first."
            ) from None
    noting.mark_points(connection, known, list(moves), done)
    return done


def set_pixels(connection: sqlite3.Connection, digests: Mapping[bytes, bytes]) -> None:
    """Keep digests of pixels, by the SHA-256 of their files."""
    connection.executemany(
        "UPDATE records SET pixels = ? WHERE sha256 = ?",
        [(pixels, sha256) for sha256, pixels in digests.items()],
    )


def delete(
    connection: sqlite3.Connection, known: dict[str, Member], ids: Iterable[int]
) -> tuple[int, Changes]:
    """Delete records with their vectors; returns how many there were."""
    done = Changes()
    wanted = [key for key in set(ids) if -(2**63) <= key <= MAX_ID]
    present = len(noting.present(connection, "records", wanted))
    for encoder in known.values():
        vectors.lose(connection, encoder, noting.present(connection, encoder.table, wanted), done)
    unlinked = links.drop(connection, wanted)
    connection.executemany("DELETE FROM records WHERE id = ?", [(key,) for key in wanted])
    noting.count_records(connection, -present)
    noting.mark_points(connection, known, [key for key in unlinked if key not in wanted], done)
    return present, done


def _need_all(found: Mapping[int, Any], wanted: Iterable[int]) -> None:
    missing = [key for key in wanted if key not in found]
    if missing:
        raise NotFoundError(
            f"There is no record {missing[0]}"
            + (f" (nor {len(missing) - 1} others of those named)." if missing[1:] else ".")
        )


def _records(connection: sqlite3.Connection, ids: list[int]) -> list[Record]:
    found: list[Record] = []
    for some in in_chunks(ids):
        marks = ",".join("?" * len(some))
        statement = f"SELECT {rows.COLUMNS} FROM records WHERE id IN ({marks})"  # noqa: S608
        found.extend(map(rows.record_of, connection.execute(statement, some)))
    return found
