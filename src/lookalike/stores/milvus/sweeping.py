"""What writers that died leave: vectors without a record, and records without their vector.

A vector is written before its record, so one without a record may be another process's that is
between the two. Only what was written some time ago is touched.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lookalike.stores.milvus import tables, vectors, writing
from lookalike.stores.milvus.connection import pages
from lookalike.stores.milvus.expressions import among
from lookalike.stores.milvus.filter_json import there
from lookalike.stores.milvus.filterable import COLUMN, WRITTEN
from lookalike.stores.milvus.layout import HAS, RECORD_COLUMNS, identifier
from lookalike.stores.milvus.roster import Member
from lookalike.stores.milvus.rows import encoded, has_of, record_of
from lookalike.stores.milvus.state import State

SAFE_SECONDS = 3600.0
"""Longer than any write is under way, with all its retries, and than clocks are apart."""

_CHUNK_ROWS = 4096


def before(seconds: float = SAFE_SECONDS) -> float:
    """The moment, in seconds since the epoch, up to which rows are looked at."""
    return time.time() - seconds


def differ(state: State, one: Member, until: float) -> int:
    """How many more vectors there are than records that say they have one; may be negative.

    Only counted, of rows that were not changed since `until`: as many of both kinds are none.
    """
    table, records = state.compared(one), state.records
    held = f"{table.key} >= 0 and updated < {until}"
    marked = f"updated < {until} and {_marked(one)}"
    return state.connection.count(table.name, held) - state.connection.count(records.name, marked)


def sweep(state: State, one: Member, until: float, since: float = 0.0) -> int:
    """Delete vectors whose record is gone or has none, and that were written before `until`.

    Those written before `since` are not looked at.

    Returns:
        How many rows were deleted.
    """
    return sum(_sweep(state, one, keys) for keys in _keys(state, one, until, since))


def sweep_of(state: State, one: Member, ids: Sequence[int]) -> None:
    """Delete vectors of these records, if they are gone."""
    for some in pages(ids, _CHUNK_ROWS):
        _sweep(state, one, [*some, *(-key - 1 for key in some)] if one.is_hash else some)


def _sweep(state: State, one: Member, keys: Sequence[int]) -> int:
    """Delete those of the vectors whose record is gone or has none; returns how many."""
    called = identifier(one.spec.name)
    ids = {key: key if key >= 0 else -key - 1 for key in keys}
    with state.claims.of(ids.values()):
        rows = state.connection.query(
            state.records.name,
            f"id in {among(sorted(set(ids.values())))}",
            ["id", HAS],
            since=state.connection.moment(),
        )
        has = {row["id"] for row in rows if called in has_of(row)}
        strays = [key for key, own in ids.items() if own not in has]
        if strays:
            if one.has_raw:
                tables.delete_rows(state, state.layout.raw(one.spec), strays)
            tables.delete_rows(state, state.compared(one), strays)
        return len(strays)


def lost(state: State, one: Member, until: float) -> int:
    """How many records say that they have a vector, since before `until`, and have none."""
    return sum(len(_still_lost(state, one, ids, until)) for ids in _lost(state, one, until))


def mend(state: State, one: Member, until: float) -> int:
    """Take lost vectors from the embeddings they were made of, or say that there is none.

    Then `missing` gives those records, so that their pictures are encoded once more.

    Returns:
        How many records there were.
    """
    mended = 0
    for ids in _lost(state, one, until):
        with state.claims.of(ids):
            rows = {
                row["id"]: writing.changed(state, row, record_of(row))
                for row in _still_lost(state, one, ids, until)
            }
            raw = vectors.read(state, one, list(rows)) if one.has_raw else {}
            batch = tables.Batch(state)
            if raw:
                again = vectors.compared_of(state, one, np.stack(list(raw.values())))
                batch.add_compared(one, [rows[key] for key in raw], again, list(raw))
            without = [row for key, row in rows.items() if key not in raw]
            for row in without:
                has = has_of(row)
                del has[identifier(one.spec.name)]
                row[HAS] = encoded(has)
            writing.write(state, batch, without)
            mended += len(rows)
    return mended


def _marked(one: Member) -> str:
    """True of records that say that they have a vector."""
    return there(f'{HAS}["{identifier(one.spec.name)}"]')


def _keys(state: State, one: Member, until: float, since: float) -> Iterator[list[int]]:
    """The keys of an encoder's vectors that were written between two moments, in chunks."""
    table = state.compared(one)
    old = f'updated < {until} and (not ({COLUMN}["{WRITTEN}"] >= {until}))'
    if since:
        old += f' and (updated >= {since} or {COLUMN}["{WRITTEN}"] >= {int(since)})'
    last = -(2**63) + 1
    while True:
        rows = state.connection.query(
            table.name, f"{table.key} > {last} and {old}", [table.key], limit=_CHUNK_ROWS
        )
        if rows:
            yield [row[table.key] for row in rows]
        if len(rows) < _CHUNK_ROWS:
            return
        last = max(row[table.key] for row in rows)


def _lost(state: State, one: Member, until: float) -> Iterator[list[int]]:
    """Ids of records whose vector was not found, in chunks; look again before they are changed."""
    table = state.compared(one)
    for rows in vectors.records_with(state, one, ["id"], f"updated < {until}"):
        ids = [row["id"] for row in rows]
        found = state.connection.query(
            table.name,
            f"{table.key} in {among(ids)}",
            [table.key],
            since=state.connection.moment(),
        )
        gone = set(ids).difference(row[table.key] for row in found)
        if gone:
            yield sorted(gone)


def _still_lost(
    state: State, one: Member, ids: Sequence[int], until: float
) -> list[dict[str, Any]]:
    """The rows of those records that are there and say so even now.

    What another process wrote since its vector was not found is of later than `until`.
    """
    condition = f"id in {among(ids)} and updated < {until} and {_marked(one)}"
    moment = state.connection.moment()
    return state.connection.query(
        state.records.name, condition, (*RECORD_COLUMNS, HAS), since=moment
    )
