"""What keeps a collection in order: flushing, waiting for indexes, sweeping, counting."""

from collections.abc import Iterator

from lookalike.stores.base import EncoderStats, Progress, StoreStats
from lookalike.stores.milvus import building, encoders, indexing, reading, tables, trying
from lookalike.stores.milvus.layout import identifier
from lookalike.stores.milvus.roster import Member
from lookalike.stores.milvus.rows import has_of
from lookalike.stores.milvus.state import State

_WORTH_FLUSHING = 1_000
"""Rows written here since the last time. Fewer are compared one by one. Of some thousands that are
not flushed a server makes an index of its own, which finds little more than half of what is near,
whatever is asked for: see docs/indexes.md."""
_CHUNK_ROWS = 4096


def optimize(state: State, progress: Progress | None, *, alone: bool) -> None:
    """Have the server index what was written here, if that is worth it.

    When no other process writes (`alone`), wait until it has, and sweep.
    """
    for one in list(state.members.values()):
        name = state.compared(one).name
        if not one.is_hash and state.connection.rows_since_flush(name) >= _WORTH_FLUSHING:
            state.connection.flush(name)
            if alone:
                table = state.compared(one)
                building.wait(state.connection, table, one.spec.name, progress, later=True)
        if alone and _held(state, one) > state.connection.count(state.records.name):
            sweep(state, one)
    if alone and state.layout.tenancy == "partitions":
        members = (state.compared(one).name for one in state.members.values())
        state.partitions.drop_empty([state.records.name, *members])


def rebuild(state: State, progress: Progress | None) -> None:
    """Make every table of compared vectors again, and its index, from what is kept."""
    trying.sweep(state.connection, state.address.name)
    encoders.drop_leftovers(state)
    for one in list(state.members.values()):
        indexing.mend(state, one)
        if one.has_raw:
            # Those are not made again.
            sweep(state, one)
        encoders.rebuild(state, one, progress)


def sweep(state: State, one: Member) -> int:
    """Delete vectors whose record is gone or has none: what writers that died left.

    Returns:
        How many rows were deleted.
    """
    table = state.compared(one)
    called = identifier(one.spec.name)
    swept = 0
    for keys in _keys(state, one):
        ids = {key: key if key >= 0 else -key - 1 for key in keys}
        rows = reading.by_id(state, set(ids.values()))
        has = {key for key, row in rows.items() if called in has_of(row)}
        strays = [key for key, own in ids.items() if own not in has]
        if strays:
            if one.has_raw:
                tables.delete_rows(state, state.layout.raw(one.spec), strays)
            tables.delete_rows(state, table, strays)
            swept += len(strays)
    return swept


def _keys(state: State, one: Member) -> Iterator[list[int]]:
    table = state.compared(one)
    last = -(2**63) + 1
    while True:
        rows = state.connection.query(
            table.name, f"{table.key} > {last}", [table.key], limit=_CHUNK_ROWS
        )
        if rows:
            yield [row[table.key] for row in rows]
        if len(rows) < _CHUNK_ROWS:
            return
        last = max(row[table.key] for row in rows)


def _held(state: State, one: Member) -> int:
    """How many vectors there are; those of trimmed pictures do not count."""
    table = state.compared(one)
    return state.connection.count(table.name, f"{table.key} >= 0" if one.is_hash else "")


def stats(state: State) -> StoreStats:
    """Counts, and bytes in the memory of the query nodes where the server says."""
    state.refresh()
    found, problems = [], []
    for one in state.members.values():
        table = state.compared(one)
        built = building.look(state.connection, table)
        if wrong := indexing.problem(one, built):
            problems.append(wrong)
        # Without an index not even the rows are counted.
        held = _held(state, one) if built.kind else 0
        size = state.connection.loaded_bytes(table.name)
        found.append(
            EncoderStats(
                one.spec,
                held,
                held if one.is_hash else min(built.indexed, held),
                size,
                one.size,
                one.projection,
            )
        )
    records = state.connection.count(state.records.name)
    size = state.connection.loaded_bytes(state.records.name)
    return StoreStats(records, tuple(found), size, tuple(problems))
