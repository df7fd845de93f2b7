"""What a server has built of the index of a table: looking, waiting for it, asking for another."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lookalike.errors import StoreError
from lookalike.indexes import IndexSpec
from lookalike.indexes.parameters import Value
from lookalike.indexes.support import FLOAT_BYTES, SEGMENT_BYTES
from lookalike.stores.base import Progress
from lookalike.stores.milvus.connection import Connection
from lookalike.stores.milvus.layout import Table, Type

if TYPE_CHECKING:
    from pymilvus import MilvusClient

_LOOK_SECONDS = 0.3
PATIENCE_SECONDS = 120.0
"""How long a server may build nothing at all, beside what a segment takes."""
_SLOWEST_BYTES = 300_000
"""Of vectors indexed a second: a tenth of a graph of 512 dimensions on one core."""


@dataclass(frozen=True, slots=True)
class Built:
    """The index of a table as the server tells of it; `kind` is empty where there is none.

    `rows` are those that were sealed, `indexed` those of them that the index holds. It is
    `finished` when all are that were there when it was asked for, and `pending` are those that
    came later.
    """

    kind: str
    parameters: Mapping[str, str]
    rows: int
    indexed: int
    pending: int
    finished: bool
    failure: str

    def differs(self, index: IndexSpec) -> bool:
        """Whether this is not the index that it should be."""
        if self.kind == "AUTOINDEX" or index.kind == "AUTOINDEX":
            return not self.kind
        return self.kind != index.kind or any(
            self.parameters.get(name, _written(value)) != _written(value)
            for name, value in index.build.items()
        )


def look(connection: Connection, table: Table) -> Built:
    """What there is of a table's index; without waiting.

    Raises:
        StoreError: the server does not answer.
    """

    def ask(client: "MilvusClient", limit: float) -> dict[str, Any]:
        return dict(client.describe_index(table.name, table.vector.name, timeout=limit) or {})

    found = connection.call(f"look at the index of {table.name}", ask)
    failed = found.get("state") == "Failed"
    return Built(
        str(found.get("index_type", "")),
        {name: str(value) for name, value in found.items()},
        int(found.get("total_rows", 0)),
        int(found.get("indexed_rows", 0)),
        int(found.get("pending_index_rows", 0)),
        found.get("state") == "Finished" or not found.get("total_rows"),
        str(found.get("index_state_fail_reason") or "no reason given") if failed else "",
    )


def wait(
    connection: Connection,
    table: Table,
    name: str,
    progress: Progress | None,
    *,
    later: bool = False,
) -> None:
    """Wait until the index of an encoder's table is built, for as long as the server gets on.

    Args:
        connection: to the server.
        table: whose index.
        name: the encoder's.
        progress: called as progress(stage, done, total).
        later: wait for the rows that came since the index was asked for, too.

    Raises:
        StoreError: the server gave up, or has indexed nothing for long.
    """
    indexed, since = -1, time.monotonic()
    while True:
        built = look(connection, table)
        if built.failure:
            raise StoreError(
                f"The server failed to build the index of {table.name}: {built.failure}."
            )
        done = built.finished and not (later and (built.pending or built.indexed < built.rows))
        if progress is not None:
            # A server counts the rows that it will not index, too: the newest, small segments.
            progress(f"index {name}", built.rows if done else built.indexed, built.rows)
        if done:
            return
        if built.indexed != indexed:
            indexed, since = built.indexed, time.monotonic()
        patience = _patience(connection, table, built)
        if time.monotonic() - since > patience:
            raise StoreError(
                f"{connection.address}: the server has {built.indexed:,} of {built.rows:,} vectors "
                f"of {name} in the index {built.kind}, and no more since {patience:.0f} s: it is "
                "busy with others, or cannot build that of so few. See its log, give it longer "
                "with ?timeout=SECONDS in the address, or choose another index with "
                f"`lookalike rebuild --index-type {name}=...`."
            )
        time.sleep(_LOOK_SECONDS)


def change(connection: Connection, table: Table, index: IndexSpec) -> None:
    """Ask for another index of a table, and load it without waiting for that."""

    def drop(client: "MilvusClient", limit: float) -> None:
        if table.vector.name in client.list_indexes(table.name):
            client.drop_index(table.name, table.vector.name, timeout=limit)

    connection.release(table.name)
    connection.call(f"drop the index of {table.name}", drop)
    connection.index(table, built_with(index), wait=False)
    connection.load(table.name)


def built_with(index: IndexSpec) -> tuple[str, dict[str, Any]]:
    """The kind and the parameters as a server takes them."""
    values = {
        name: _written(value) if isinstance(value, bool) else value
        for name, value in index.build.items()
    }
    return index.kind, values


def _written(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _patience(connection: Connection, table: Table, built: Built) -> float:
    """Seconds that the server may take for the next segment; it tells of whole ones only."""
    column = table.vector
    size = FLOAT_BYTES * column.size if column.type == Type.FLOAT_VECTOR else column.size // 8
    waiting = min((built.rows - built.indexed) * size, SEGMENT_BYTES)
    return max(PATIENCE_SECONDS, connection.address.timeout) + waiting / _SLOWEST_BYTES
