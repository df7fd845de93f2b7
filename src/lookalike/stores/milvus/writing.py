"""Changing records: inserted, updated, moved, deleted."""

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.attributes import check_text
from lookalike.errors import NotFoundError, UsageError
from lookalike.records import Attributes, Record
from lookalike.stores.base import Entry
from lookalike.stores.entries import has_other_bytes, merged, without_repeats
from lookalike.stores.milvus import links, reading, tables, vectors
from lookalike.stores.milvus.connection import pages
from lookalike.stores.milvus.ids import LARGEST, natural_id, possible
from lookalike.stores.milvus.layout import HAS, identifier, partition_of
from lookalike.stores.milvus.reading import Rows
from lookalike.stores.milvus.roster import Member
from lookalike.stores.milvus.rows import Row, encoded, has_of, record_of, row_of
from lookalike.stores.milvus.state import State
from lookalike.stores.milvus.tables import Batch

_NO_QUALITY = -1
_ROWS_AT_A_TIME = 2048
_AT_A_TIME = 3
"""Slices of one call that are on their way."""


def upsert(state: State, entries: Sequence[Entry]) -> list[int]:
    """Insert or update records with their vectors; returns their ids in order."""
    _check_names(entries)
    ids: list[int] = []
    groups = list(without_repeats(entries))
    if len(groups) > 1 or len(entries) > _ROWS_AT_A_TIME:
        # Nothing is written when something later in the same call is refused.
        _check(state, entries)
    for group in groups:
        slices = list(pages(group, _ROWS_AT_A_TIME)) if _independent(group) else [group]
        if len(slices) == 1:
            ids.extend(_upsert_slice(state, group))
            continue
        # The server takes one while the next one is made ready.
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            for own in pool.map(lambda part: _upsert_slice(state, part), slices):
                ids.extend(own)
    return ids


def _independent(entries: Sequence[Entry]) -> bool:
    """Whether what one entry changes can be no other record than its own."""
    return all(
        entry.id is None and entry.duplicate_of is None and entry.sha256 is None
        for entry in entries
    )


def _upsert_slice(state: State, entries: Sequence[Entry]) -> list[int]:
    natural = [natural_id(entry.tenant, entry.uri) for entry in entries]
    given = [entry.id for entry in entries if entry.id is not None]
    with state.claims.of([*natural, *given]):
        return _upsert_group(state, entries, natural, time.time())


def _upsert_group(
    state: State, entries: Sequence[Entry], natural: Sequence[int], now: float
) -> list[int]:
    given = vectors.given(state, entries)
    trimmed = vectors.given_trimmed(state, entries)
    ids, found = _resolve(state, entries, natural)
    if len(set(ids)) < len(ids):
        # One entry takes a uri from a record that another entry still finds by it.
        return [
            key
            for entry, name in zip(entries, natural, strict=True)
            for key in _upsert_group(state, [entry], [name], now)
        ]
    old = {key: record_of(row) for key, row in found.items()}
    outdated = [
        key
        for entry, key in zip(entries, ids, strict=True)
        if key in old and has_other_bytes(entry, old[key])
    ]
    linked = links.allowed(state, entries, ids, set(old), outdated)
    others = links.linked_to(state, outdated)
    for key in others:
        if key in old:
            old[key] = replace(old[key], duplicate_of=None)
    records = [
        merged(entry, key, old.get(key), link, now)
        for entry, key, link in zip(entries, ids, linked, strict=True)
    ]
    rows = [
        row_of(record, state.declared, None if entry.updated is None else now)
        for record, entry in zip(records, entries, strict=True)
    ]
    had = {key: has_of(row) for key, row in found.items()}
    has: list[dict[str, int]] = [
        {} if key not in had or key in outdated else dict(had[key]) for key in ids
    ]
    for name, (places, _) in given.items():
        for place in places:
            has[place][identifier(name)] = entries[place].qualities.get(name, _NO_QUALITY)
    for name, hashes in trimmed.items():
        for place in hashes:
            if identifier(name) not in has[place]:
                raise UsageError(
                    f"{entries[place].uri}: a trimmed hash of {name!r} comes without that of the "
                    "whole."
                )
    made: dict[tuple[tuple[str, int], ...], bytes] = {}
    for row, own in zip(rows, has, strict=True):
        what = tuple(own.items())
        row[HAS] = made[what] = made.get(what) or encoded(own)
    batch = Batch(state)
    lost = _add_vectors(state, batch, ids, rows, had, has, given, trimmed)
    unlinked = _unlinked(state, {key: row for key, row in others.items() if key not in old})
    _add_copies(state, batch, unlinked)
    write(state, batch, [*rows, *unlinked])
    _leave_partitions(state, found, rows)
    for one, keys in lost:
        if one.has_raw:
            tables.delete_rows(state, state.layout.raw(one.spec), keys)
        tables.delete_rows(state, state.compared(one), keys)
    links.forget(state, outdated)
    return ids


def _check(state: State, entries: Sequence[Entry]) -> None:
    """Refuse what can be refused without asking the server."""
    vectors.given(state, entries)
    vectors.given_trimmed(state, entries)
    for entry in entries:
        row_of(merged(entry, 0, None, None, 0.0), state.declared)


def _check_names(entries: Sequence[Entry]) -> None:
    """Refuse names that are no text, and ids that no record can have."""
    for entry in entries:
        check_text(entry.uri, "The uri")
        check_text(entry.tenant, "The tenant")
        if entry.id is not None and not 0 <= entry.id <= LARGEST:
            raise UsageError(
                f"The id {entry.id} of {entry.uri} is not within 0 and 2^63 − 2, the largest that "
                "a Milvus server keeps."
            )


def _resolve(
    state: State, entries: Sequence[Entry], natural: Sequence[int]
) -> tuple[list[int], Rows]:
    """The id of each entry's record, and the rows of those that are there."""
    wanted = {*natural, *(entry.id for entry in entries if entry.id is not None)}
    rows = reading.by_id(state, wanted, to_change=True)
    own: dict[tuple[str, str], int] = {
        (row["tenant"], row["uri"]): key for key, row in rows.items()
    }
    if state.foreign:
        for tenant in {entry.tenant for entry in entries}:
            unknown = [
                entry.uri
                for entry in entries
                if entry.tenant == tenant and (tenant, entry.uri) not in own
            ]
            for uri, row in reading.by_uri(state, unknown, tenant).items():
                own[tenant, uri] = row["id"]
                rows[row["id"]] = row
    taken = set(rows)
    ids: list[int] = []
    for entry, key in zip(entries, natural, strict=True):
        held = own.get((entry.tenant, entry.uri))
        if entry.id is not None:
            if held is not None and held != entry.id:
                raise UsageError(
                    f"{entry.uri} already is record {held}, so it cannot be record {entry.id}: "
                    "leave the id out, or delete the other record first."
                )
            if entry.id != key:
                state.note_foreign()
            ids.append(int(entry.id))
        elif held is not None:
            ids.append(held)
        else:
            ids.append(_free(state, entry, key, taken))
        taken.add(ids[-1])
    return ids, {key: rows[key] for key in ids if key in rows}


def _free(state: State, entry: Entry, key: int, taken: set[int]) -> int:
    """The first of the ids that a new record's name gives it which no other record has."""
    salt = 0
    while key in taken or (salt and reading.by_id(state, [key])):
        salt += 1
        key = natural_id(entry.tenant, entry.uri, salt)
        state.note_foreign()
    return key


def _add_vectors(
    state: State,
    batch: Batch,
    ids: Sequence[int],
    rows: Sequence[Row],
    had: Mapping[int, dict[str, int]],
    has: Sequence[dict[str, int]],
    given: Mapping[str, tuple[list[int], NDArray[Any]]],
    trimmed: Mapping[str, Mapping[int, NDArray[np.uint8]]],
) -> list[tuple[Member, list[int]]]:
    """Add what entries bring, and the copies of records whose vectors stay.

    Returns:
        The keys of vectors that are no more, by encoder.
    """
    lost: list[tuple[Member, list[int]]] = []
    for name, one in state.members.items():
        called = identifier(name)
        places, matrix = given.get(name, ([], np.empty((0, 0))))
        if places:
            own = [ids[place] for place in places]
            compared = vectors.compared_of(state, one, matrix)
            batch.add_compared(one, [rows[place] for place in places], compared, own)
            if one.has_raw:
                batch.add_raw(one, own, matrix)
        hashes = trimmed.get(name, {})
        if hashes:
            some = list(hashes)
            batch.add_compared(
                one,
                [rows[place] for place in some],
                np.stack([hashes[place] for place in some]),
                [-ids[place] - 1 for place in some],
            )
        fresh = set(places)
        stay = {
            ids[place]: rows[place]
            for place in range(len(ids))
            if place not in fresh and called in has[place]
        }
        _add_stored(state, batch, one, stay, {-ids[place] - 1 for place in hashes})
        dropped: list[int] = []
        for place, key in enumerate(ids):
            if called in had.get(key, {}):
                stays = called in has[place]
                dropped += [] if stays else [key]
                if one.is_hash and place not in hashes and (place in fresh or not stays):
                    dropped.append(-key - 1)
        if dropped:
            lost.append((one, dropped))
    return lost


def _add_copies(state: State, batch: Batch, rows: Sequence[Row]) -> None:
    """Add the copies of changed records beside their vectors, which stay."""
    for name, one in state.members.items():
        called = identifier(name)
        _add_stored(state, batch, one, {row["id"]: row for row in rows if called in has_of(row)})


def _add_stored(
    state: State,
    batch: Batch,
    one: Member,
    rows: Mapping[int, Row],
    but: Iterable[int] = (),
) -> None:
    """Write stored vectors again, with what their records are now; keys in `but` are left out."""
    if not rows:
        return
    keys, ids, matrix = tables.compared_rows(state, one, list(rows))
    left_out = set(but)
    places = [place for place, key in enumerate(keys) if key not in left_out]
    if places:
        batch.add_compared(
            one,
            [rows[ids[place]] for place in places],
            matrix[places],
            [keys[place] for place in places],
        )


def _unlinked(state: State, others: Rows) -> list[Row]:
    """Rows of records whose link to a record with other bytes is forgotten."""
    return [
        changed(state, row, replace(record_of(row), duplicate_of=None)) for row in others.values()
    ]


def changed(state: State, row: Mapping[str, Any], record: Record) -> Row:
    """The row of what a record is now; it keeps its vectors."""
    return {**row_of(record, state.declared), HAS: encoded(has_of(row))}


def write(state: State, batch: Batch, rows: Sequence[Row]) -> None:
    """Write a batch and the records after it, and remember those."""
    written = batch.write(rows)
    state.recent.note(written, {row["id"]: row for row in rows})


def _leave_partitions(state: State, found: Rows, rows: Iterable[Row]) -> None:
    """Delete what is left of records in another tenant's partition, where tenants have one."""
    if state.layout.tenancy == "key":
        return
    left: dict[str, list[int]] = {}
    for row in rows:
        key = row["id"]
        if key in found and found[key]["tenant"] != row["tenant"]:
            left.setdefault(partition_of(found[key]["tenant"]), []).append(key)
    for partition, keys in left.items():
        tables.delete_rows(state, state.records, keys, partition)
        for one in state.members.values():
            every = [*keys, *(-key - 1 for key in keys)] if one.is_hash else keys
            tables.delete_rows(state, state.compared(one), every, partition)


def change(state: State, found: Rows, records: Sequence[Record]) -> None:
    """Write what records that are there have become; their vectors stay."""
    rows = [changed(state, found[record.id], record) for record in records]
    batch = Batch(state)
    _add_copies(state, batch, rows)
    write(state, batch, rows)
    _leave_partitions(state, found, rows)


def update_attributes(state: State, changes: Mapping[int, Attributes]) -> None:
    """Replace the attributes of records."""
    found = needed(state, changes)
    now = time.time()
    change(
        state,
        found,
        [
            replace(record_of(found[key]), attributes=attributes, updated=now)
            for key, attributes in changes.items()
        ],
    )


def move(state: State, moves: Mapping[int, Entry]) -> None:
    """Give records another uri, tenant and file facts."""
    found = needed(state, moves)
    goals: dict[tuple[str, str], int] = {}
    for key, entry in moves.items():
        check_text(entry.uri, "The uri")
        check_text(entry.tenant, "The tenant")
        if goals.setdefault((entry.tenant, entry.uri), key) != key:
            raise _taken(key, entry)
    for tenant in {tenant for tenant, _ in goals}:
        uris = [uri for whose, uri in goals if whose == tenant]
        for uri, row in reading.by_uri(state, uris, tenant).items():
            if row["id"] not in moves:
                key = goals[tenant, uri]
                raise _taken(key, moves[key])
    state.note_foreign()
    now = time.time()
    change(
        state,
        found,
        [
            replace(
                record_of(found[key]),
                uri=entry.uri,
                tenant=entry.tenant,
                size=entry.size,
                modified_ns=entry.modified_ns,
                updated=now,
            )
            for key, entry in moves.items()
        ],
    )


def _taken(key: int, entry: Entry) -> UsageError:
    return UsageError(
        f"Record {key} cannot move to {entry.uri}: another record is there. "
        "Delete or move that one first."
    )


def set_pixels(state: State, digests: Mapping[bytes, bytes]) -> None:
    """Keep digests of pixels, by the SHA-256 of their files."""
    wanted = {sha256.hex(): pixels for sha256, pixels in digests.items()}
    found = {
        row["id"]: row
        for row in reading.with_any(state, "sha256", list(wanted))
        if row["pixels"] != wanted[row["sha256"]].hex()
    }
    with state.claims.of(found):
        there = reading.by_id(state, found)
        records = [
            replace(record_of(row), pixels=wanted[row["sha256"]])
            for row in there.values()
            if row["sha256"] in wanted
        ]
        if records:
            change(state, there, records)


def delete(state: State, ids: Iterable[int]) -> int:
    """Delete records with their vectors; returns how many there were."""
    wanted = possible(dict.fromkeys(ids))
    found = reading.by_id(state, wanted)
    if not found:
        return 0
    gone = list(found)
    others = links.linked_to(state, gone)
    change_others = [row for key, row in others.items() if key not in found]
    if change_others:
        rows = {row["id"]: row for row in change_others}
        change(state, rows, [replace(record_of(row), duplicate_of=None) for row in rows.values()])
    with state.presence.deleting(gone):
        written = tables.delete_rows(state, state.records, gone)
        state.recent.note(written, dict.fromkeys(gone))
        links.forget(state, gone)
        _delete_vectors(state, found)
    return len(gone)


def _delete_vectors(state: State, found: Rows) -> None:
    for name, one in state.members.items():
        called = identifier(name)
        own = [key for key, row in found.items() if called in has_of(row)]
        if own:
            keys = [*own, *(-key - 1 for key in own)] if one.is_hash else own
            # Those compared go last: what a killed deletion leaves is found by them.
            if one.has_raw:
                tables.delete_rows(state, state.layout.raw(one.spec), own)
            tables.delete_rows(state, state.compared(one), keys)


def needed(state: State, wanted: Iterable[int]) -> Rows:
    """Rows of records that must be there.

    Raises:
        NotFoundError: one is not.
    """
    ids = list(wanted)
    found = reading.by_id(state, ids)
    missing = [key for key in ids if key not in found]
    if missing:
        raise NotFoundError(
            f"There is no record {missing[0]}"
            + (f" (nor {len(missing) - 1} others of those named)." if missing[1:] else ".")
        )
    return found
