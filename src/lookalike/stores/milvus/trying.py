"""Trying things beside a collection: tables of their own, and what killed processes left of them.

Some servers take kinds of index that they were built without, and then try to build them for ever.
"""

import re
import secrets
import time

import numpy as np

from lookalike.errors import UsageError
from lookalike.indexes import IndexSpec, available
from lookalike.stores.base import Progress
from lookalike.stores.milvus import building
from lookalike.stores.milvus.connection import Connection
from lookalike.stores.milvus.layout import VECTOR, Column, Table, Type

_TRIED = "tried"
_NAME = re.compile(r"([0-9a-f]{8})_[0-9a-f]{6}(__\w+)?")
"""What follows: seconds since 1970 when it was made, chance, and the table of a collection."""
_STALE_SECONDS = 3600
"""After which a table for trying is taken to be of a process that died."""
_PROBES = 2048
"""Vectors to try an index on: of fewer than 1,024 a server makes none."""
_PROBE_SECONDS = 120.0
_LOOK_SECONDS = 0.3
_PROBE_CELLS = 16
_PROBE_BITS = 8


def probe(
    connection: Connection, index: IndexSpec, dimensions: int, progress: Progress | None = None
) -> None:
    """See that the server builds such an index at all, on few vectors of chance.

    Only of kinds that are to be `probed`; of others nothing is done.

    Raises:
        UsageError: it does not.
    """
    if not index.table.probed:
        return
    columns = (Column("id", Type.INT64), Column(VECTOR, Type.FLOAT_VECTOR, dimensions))
    table = Table(f"{name_beside(connection.address.name)}__probe", columns, "IP")
    small = {"nlist": _PROBE_CELLS, "nbits": _PROBE_BITS}
    build = {name: small.get(name, value) for name, value in index.build.items()}
    try:
        connection.create(table, ("FLAT", {}))
        vectors = np.random.default_rng(0).standard_normal((_PROBES, dimensions), np.float32)
        connection.upsert(table, {"id": list(range(_PROBES)), VECTOR: vectors})
        connection.flush(table.name)
        building.change(connection, table, IndexSpec(index.kind, build))
        ends = time.monotonic() + _PROBE_SECONDS
        while (built := building.look(connection, table)).indexed < _PROBES:
            if built.failure or time.monotonic() > ends:
                raise UsageError(_refusal(connection, index, built.failure))
            if progress is not None:
                progress(f"try {index.kind}", built.indexed, _PROBES)
            time.sleep(_LOOK_SECONDS)
    finally:
        connection.drop(table.name)


def _refusal(connection: Connection, index: IndexSpec, failure: str) -> str:
    within = f": {failure}" if failure else f" in {_PROBE_SECONDS:.0f} s"
    kinds = ", ".join(
        kind.name for kind in available("milvus", connection.version) if not kind.probed
    )
    return (
        f"{connection.address}: this server takes {index} and does not build it, not for "
        f"{_PROBES:,} vectors{within}; it was built or set up without. What it has for sure: "
        f"{kinds}"
    )


def name_beside(name: str) -> str:
    """The name of a new collection for trying things beside the one named so."""
    return f"{name}_{_TRIED}_{int(time.time()):08x}_{secrets.token_hex(3)}"


def drop_tried(connection: Connection, name: str) -> None:
    """Drop every table of the collection for trying of that name."""
    for table in connection.tables():
        if table == name or table.startswith(f"{name}__"):
            connection.drop(table)


def sweep(connection: Connection, name: str) -> None:
    """Drop what processes that died an hour ago or more were trying beside a collection."""
    for table in left_over(connection.tables(), name):
        connection.drop(table)


def left_over(tables: list[str], name: str) -> list[str]:
    """Those of a server's tables that `sweep` drops."""
    start = f"{name}_{_TRIED}_"
    found = []
    for table in tables:
        made = _NAME.fullmatch(table.removeprefix(start)) if table.startswith(start) else None
        if made is not None and time.time() - int(made[1], 16) > _STALE_SECONDS:
            found.append(table)
    return found
