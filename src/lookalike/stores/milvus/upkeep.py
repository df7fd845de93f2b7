"""What keeps a collection in order: flushing, waiting for indexes, sweeping, counting."""

from lookalike.stores.base import EncoderStats, Progress, StoreStats
from lookalike.stores.milvus import building, encoders, indexing, sweeping, trying
from lookalike.stores.milvus.roster import Member
from lookalike.stores.milvus.state import State

_WORTH_FLUSHING = 1_000
"""Rows written here since the last time. Fewer are compared one by one. Of some thousands that are
not flushed a server makes an index of its own, which finds little more than half of what is near,
whatever is asked for: see docs/indexes.md."""


def optimize(
    state: State,
    progress: Progress | None,
    *,
    alone: bool,
    safe_seconds: float = sweeping.SAFE_SECONDS,
) -> None:
    """Have the server index what was written here, if that is worth it.

    When no other process is said to write (`alone`), wait until it has, and mend what writers that
    died left, if it is older than `safe_seconds`.
    """
    for one in list(state.members.values()):
        name = state.compared(one).name
        if not one.is_hash and state.connection.rows_since_flush(name) >= _WORTH_FLUSHING:
            state.connection.flush(name)
            if alone:
                table = state.compared(one)
                building.wait(state.connection, table, one.spec.name, progress, later=True)
    if alone:
        # Threads of this process may be writing.
        with state.claims.of_all():
            for one in state.members.values():
                _agree(state, one, sweeping.before(safe_seconds))
            if state.layout.tenancy == "partitions":
                members = (state.compared(one).name for one in state.members.values())
                state.partitions.drop_empty([state.records.name, *members])


def rebuild(state: State, progress: Progress | None) -> None:
    """Make every table of compared vectors again, and its index, from what is kept."""
    # Nobody else writes; so a record without its vector has lost it.
    until = sweeping.before(-sweeping.SAFE_SECONDS)
    trying.sweep(state.connection, state.address.name)
    encoders.drop_leftovers(state)
    for one in list(state.members.values()):
        if not state.connection.has(state.compared(one).name):
            encoders.make_tables(state, one, state.space(one).projection)
        indexing.mend(state, one)
        sweeping.mend(state, one, until)
        if one.has_raw:
            # Those are not made again.
            sweeping.sweep(state, one, until)
        encoders.rebuild(state, one, progress)


def _agree(state: State, one: Member, until: float) -> None:
    """Sweep and mend, where vectors are not as many as records."""
    if _held(state, one) != state.connection.count(state.records.name):
        difference = sweeping.differ(state, one, until)
        if difference > 0:
            difference -= sweeping.sweep(state, one, until)
        if difference < 0:
            sweeping.mend(state, one, until)


def _lost(state: State, one: Member, held: int, records: int) -> str:
    """What is to be said of vectors that are gone, if any are."""
    until = sweeping.before()
    if held == records or sweeping.differ(state, one, until) >= 0:
        return ""
    lost = sweeping.lost(state, one, until)
    return (
        f"{lost:,} records have lost their vectors of {one.spec.name}: `lookalike index` on their "
        "pictures, without --shard, makes them again"
        if lost
        else ""
    )


def _gone(one: Member, table: str) -> str:
    again = "" if one.has_raw else ", and `lookalike index` on the pictures fills it"
    return (
        f"{one.spec.name}: its table {table} is gone, so it finds nothing: `lookalike rebuild` "
        f"makes it again{again}"
    )


def _held(state: State, one: Member) -> int:
    """How many vectors there are; those of trimmed pictures do not count."""
    table = state.compared(one)
    return state.connection.count(table.name, f"{table.key} >= 0" if one.is_hash else "")


def stats(state: State) -> StoreStats:
    """Counts, and bytes in the memory of the query nodes where the server says."""
    state.refresh()
    found, problems = [], []
    records = state.connection.count(state.records.name)
    there = set(state.connection.tables())
    for one in state.members.values():
        table = state.compared(one)
        if table.name not in there:
            problems.append(_gone(one, table.name))
            found.append(EncoderStats(one.spec, 0, 0, 0, one.size, one.projection))
            continue
        built = building.look(state.connection, table)
        if wrong := indexing.problem(one, built):
            problems.append(wrong)
        # Without an index not even the rows are counted.
        held = _held(state, one) if built.kind else 0
        if built.kind and (wrong := _lost(state, one, held, records)):
            problems.append(wrong)
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
    size = state.connection.loaded_bytes(state.records.name)
    return StoreStats(records, tuple(found), size, tuple(problems))
