"""A collection of which somebody dropped tables: telling it by those that are left."""

from typing import TYPE_CHECKING

from lookalike.errors import UsageError
from lookalike.stores.milvus import filterable
from lookalike.stores.milvus.address import MilvusAddress
from lookalike.stores.milvus.connection import Connection
from lookalike.stores.milvus.layout import HAS, RECORD_COLUMNS, VECTOR, Layout

if TYPE_CHECKING:
    from pymilvus import MilvusClient

_RECORD = frozenset({*RECORD_COLUMNS, filterable.COLUMN})
_RAW = frozenset({"id", VECTOR})


def left_over(connection: Connection, name: str) -> list[str]:
    """The tables of a collection whose table of what is kept is gone, the records' last.

    Empty where that is there, and where what has such names was made by another program.
    """
    there = connection.tables()
    if Layout(name, {}).kept.name in there:
        return []
    raw = [one for one in there if one.startswith(f"{name}__") and one.endswith("__raw")]
    compared = [one for one in there if one.startswith(f"{name}__") and one not in raw]
    own = [one for one in compared if _columns(connection, one) >= _RECORD | {VECTOR}]
    if name in there and _columns(connection, name) >= _RECORD | {HAS}:
        own.append(name)
    # Columns of so few names may be another program's.
    return [*(one for one in raw if own and _columns(connection, one) == _RAW), *own]


def refusal(address: MilvusAddress, table: str) -> UsageError:
    """What to raise where a collection lacks a table without which it cannot be opened."""
    return UsageError(
        f"The collection {address} lacks its table {table}, and cannot be read without: restore "
        f"that from a backup of the server, or delete what is left of it with `lookalike drop "
        f"{address} --yes`."
    )


def _columns(connection: Connection, table: str) -> set[str]:
    def ask(client: "MilvusClient", limit: float) -> set[str]:
        fields = client.describe_collection(table, timeout=limit)["fields"]
        return {str(field["name"]) for field in fields}

    return connection.call(f"look at the table {table}", ask)
