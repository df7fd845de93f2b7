"""Which index an encoder's vectors get, and giving them another."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from lookalike.errors import LookalikeError, UsageError
from lookalike.indexes import IndexSpec, search_parameters, settled
from lookalike.indexes.parameters import Value
from lookalike.stores.base import Progress
from lookalike.stores.milvus import building, trying
from lookalike.stores.milvus.roster import Member
from lookalike.stores.milvus.state import State

INDEXED_FROM = 1024
"""Rows of a segment from which a server makes an index of it."""


def set_index(state: State, one: Member, asked: IndexSpec, progress: Progress | None) -> IndexSpec:
    """Give an encoder's vectors another index, or the same one other search parameters.

    A server must let go of a table to change its index: searches wait for some seconds, then
    compare with every vector until the index is built. What ends that early brings the old one
    back; after a kill -9 `problem` tells, and `mend` does.

    Raises:
        UsageError: the server cannot make it.
        StoreError: the server failed, or builds nothing for long.
    """
    state.need_writable()
    table = state.compared(one)
    mend(state, one)
    held = state.connection.count(table.name)
    made = settle(state, asked, vectors=held, dimensions=one.size, binary=one.is_hash)
    if (made.kind, made.build) != (one.index.kind, one.index.build):
        trying.probe(state.connection, made, one.size, progress)
        try:
            building.change(state.connection, table, made)
            building.wait(state.connection, table, one.spec.name, progress)
        except BaseException:
            # Where this fails, too, what went wrong first is what to tell.
            with contextlib.suppress(LookalikeError):
                building.change(state.connection, table, one.index)
            raise
    state.kept.put([replace(one, index=made).entry()])
    state.refresh()
    return made


def settle(
    state: State, asked: IndexSpec, *, vectors: int, dimensions: int, binary: bool
) -> IndexSpec:
    """The index of so many vectors, with all its parameters.

    Raises:
        UsageError: a server of this version has none such, or builds none of so few.
    """
    made = settled(
        asked,
        "milvus",
        state.connection.version,
        vectors=vectors,
        dimensions=dimensions,
        binary=binary,
    )
    codes = 2 ** int(made.build.get("nbits", 0))
    if codes > max(vectors, INDEXED_FROM):
        raise UsageError(
            f"{made.kind}: nbits={made.build['nbits']} takes {codes:,} vectors or more to learn "
            f"its codes from, and there are {vectors:,}: the server would try for ever; take 8, or "
            "add the vectors first, and change the index then with `lookalike rebuild --index-type`"
        )
    return made.with_search(search_parameters(made, "milvus", 1))


@contextlib.contextmanager
def searching(state: State, name: str, parameters: Mapping[str, Value]) -> Iterator[None]:
    """Within the block, searches by an encoder use these parameters; nothing is kept."""
    state.member(name, "embedding")
    state.trying[name] = parameters
    state.refresh()
    try:
        yield
    finally:
        del state.trying[name]
        state.refresh()


def problem(one: Member, built: building.Built) -> str:
    """What is wrong with what the server has built for an encoder, in words; empty if nothing."""
    if not built.differs(one.index):
        return ""
    name = one.spec.name
    if not built.kind:
        return (
            f"{name} has no index on the server, and cannot be searched: changing it was stopped "
            "half-way. `lookalike rebuild` makes it again."
        )
    return (
        f"{name} has the index {built.kind} on the server where it should have {one.index.kind}: "
        "changing it was stopped half-way, or goes on. `lookalike rebuild` makes it again."
    )


def mend(state: State, one: Member) -> None:
    """Bring back the index that an encoder should have, where a change was stopped half-way."""
    table = state.compared(one)
    if building.look(state.connection, table).differs(one.index):
        building.change(state.connection, table, one.index)
