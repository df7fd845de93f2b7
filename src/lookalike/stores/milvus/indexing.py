"""Giving an encoder's vectors another index, and trying what a server may take but never build."""

import contextlib
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.errors import StoreError, UsageError
from lookalike.indexes import IndexSpec, available, search_parameters, settled
from lookalike.indexes.parameters import Value
from lookalike.stores.base import Progress
from lookalike.stores.milvus.connection import Connection
from lookalike.stores.milvus.layout import VECTOR, Column, Table, Type
from lookalike.stores.milvus.roster import Member
from lookalike.stores.milvus.state import State

if TYPE_CHECKING:
    from pymilvus import MilvusClient

_TRIED = "tried"
_STALE_SECONDS = 24 * 3600
"""After which a table for trying must be of a process that died."""
_PROBES = 2048
"""Vectors to try an index on: of fewer than 1,024 a server makes none."""
_PROBE_SECONDS = 120.0
_LOOK_SECONDS = 0.3
_PROBE_BITS = 8


def set_index(state: State, one: Member, asked: IndexSpec, progress: Progress | None) -> IndexSpec:
    """Give an encoder's vectors another index, or the same one other search parameters.

    A server must let go of a table to change its index: searches wait for some seconds, then
    compare with every vector until the index is built. What ends that early brings the old one
    back.

    Raises:
        UsageError: the server cannot make it.
        StoreError: the server failed.
    """
    state.need_writable()
    table = state.compared(one)
    held = state.connection.count(table.name)
    made = settle(state, asked, vectors=held, dimensions=one.size, binary=one.is_hash)
    if (made.kind, made.build) != (one.index.kind, one.index.build):
        probe(state, made, one.size, progress)
        try:
            _change(state.connection, table, made)
            _wait(state.connection, table, one.spec.name, progress)
        except BaseException:
            _change(state.connection, table, one.index)
            raise
    state.kept.put([replace(one, index=made).entry()])
    state.refresh()
    return made


def settle(
    state: State, asked: IndexSpec, *, vectors: int, dimensions: int, binary: bool
) -> IndexSpec:
    """The index of so many vectors, with all its parameters.

    Raises:
        UsageError: a server of this version has none such.
    """
    made = settled(
        asked,
        "milvus",
        state.connection.version,
        vectors=vectors,
        dimensions=dimensions,
        binary=binary,
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


def built_with(index: IndexSpec) -> tuple[str, dict[str, Any]]:
    """The kind and the parameters as a server takes them."""
    values = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in index.build.items()
    }
    return index.kind, values


def _change(connection: Connection, table: Table, index: IndexSpec) -> None:
    """Ask for another index of a table, and load it without waiting for that."""

    def drop(client: "MilvusClient", limit: float) -> None:
        if table.vector.name in client.list_indexes(table.name):
            client.drop_index(table.name, table.vector.name, timeout=limit)

    connection.release(table.name)
    connection.call(f"drop the index of {table.name}", drop)
    connection.index(table, built_with(index), wait=False)
    connection.load(table.name)


def _wait(connection: Connection, table: Table, name: str, progress: Progress | None) -> None:
    while True:
        done, total = _built(connection, table)
        if progress is not None:
            progress(f"index {name}", done, total)
        if done >= total:
            return
        time.sleep(_LOOK_SECONDS)


def _built(connection: Connection, table: Table) -> tuple[int, int]:
    """Rows that the index holds, and rows that it is to hold.

    Raises:
        StoreError: the server gave up.
    """

    def ask(client: "MilvusClient", limit: float) -> dict[str, Any]:
        return dict(client.describe_index(table.name, table.vector.name, timeout=limit) or {})

    found = connection.call(f"look at the index of {table.name}", ask)
    if found.get("state") == "Failed":
        reason = found.get("index_state_fail_reason") or "no reason given"
        raise StoreError(f"The server failed to build the index of {table.name}: {reason}.")
    done, total = int(found.get("indexed_rows", 0)), int(found.get("total_rows", 0))
    # A server counts the rows that it will not index, too: the newest, and small segments.
    return (total, total) if found.get("state") == "Finished" else (min(done, total - 1), total)


def probe(
    state: State, index: IndexSpec, dimensions: int, progress: Progress | None = None
) -> None:
    """See that the server builds such an index at all, on few vectors of chance.

    Some servers take kinds that they were built without, and then try for ever.

    Raises:
        UsageError: it does not.
    """
    if not index.table.probed:
        return
    connection = state.connection
    columns = (Column("id", Type.INT64), Column(VECTOR, Type.FLOAT_VECTOR, dimensions))
    table = Table(f"{tried_name(state.address.name)}__probe", columns, "IP")
    build = {
        **index.build,
        **({"nlist": 16} if "nlist" in index.build else {}),
        **({"nbits": _PROBE_BITS} if "nbits" in index.build else {}),
    }
    try:
        connection.create(table, ("FLAT", {}))
        vectors = np.random.default_rng(0).standard_normal((_PROBES, dimensions), np.float32)
        connection.upsert(table, {"id": list(range(_PROBES)), VECTOR: vectors})
        connection.call(
            f"flush {table.name}", lambda client, limit: client.flush(table.name, limit)
        )
        _change(connection, table, IndexSpec(index.kind, build))
        ends = time.monotonic() + _PROBE_SECONDS
        while (built := _built(connection, table)[0]) < _PROBES:
            if time.monotonic() > ends:
                kinds = ", ".join(
                    kind.name for kind in available("milvus", connection.version) if not kind.probed
                )
                raise UsageError(
                    f"{state.address}: this server takes {index} and does not build it, not for "
                    f"{_PROBES:,} vectors in {_PROBE_SECONDS:.0f} s: it was built or set up "
                    f"without; what it has for sure: {kinds}"
                )
            if progress is not None:
                progress(f"try {index.kind}", built, _PROBES)
            time.sleep(_LOOK_SECONDS)
    finally:
        connection.drop(table.name)


def tried_name(name: str) -> str:
    """The name of a collection for trying things beside the one named so."""
    return f"{name}_{_TRIED}_{int(time.time()):x}_{secrets.token_hex(3)}"


def drop_tried(connection: Connection, name: str) -> None:
    """Drop every table of the collection for trying of that name."""
    for table in connection.tables():
        if table == name or table.startswith(f"{name}__"):
            connection.drop(table)


def sweep(connection: Connection, name: str) -> None:
    """Drop what processes that died were trying beside a collection."""
    start = f"{name}_{_TRIED}_"
    for table in connection.tables():
        made = table.removeprefix(start).partition("_")[0]
        with contextlib.suppress(ValueError):
            if table.startswith(start) and time.time() - int(made, 16) > _STALE_SECONDS:
                connection.drop(table)
