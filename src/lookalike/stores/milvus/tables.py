"""Rows on their way to the tables: vectors first, the record last, in parts that a server takes."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.stores.milvus.connection import pages
from lookalike.stores.milvus.expressions import among
from lookalike.stores.milvus.ids import possible
from lookalike.stores.milvus.layout import ROW, VECTOR, Table, partition_of
from lookalike.stores.milvus.packing import Values, nothing
from lookalike.stores.milvus.roster import Member
from lookalike.stores.milvus.rows import Row
from lookalike.stores.milvus.state import State

_MOST_BYTES = 16 * 2**20
"""Of one request; a server takes 64 MiB."""
_MOST_ROWS = 2048
"""Of one request; several are on their way at a time."""
_ROW_BYTES = 1024
"""What a row takes beside its vector and its JSON."""
_IDS_AT_A_TIME = 4096

Piece = tuple[Table, dict[str, Values], str]
"""A table, columns of rows for it, and the partition, empty for the server to choose."""


class Batch:
    """Rows to write to the tables of vectors, and then to that of the records."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._pieces: list[Piece] = []

    def add_compared(
        self, one: Member, rows: Sequence[Row], vectors: NDArray[Any], keys: Sequence[int]
    ) -> None:
        """Vectors as they are compared, with their records; `keys` are those of the table."""
        table = self._state.compared(one)
        self._add(table, rows, {VECTOR: vectors, table.key: keys})

    def add_raw(self, one: Member, ids: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Embeddings as the encoder made them."""
        table = self._state.layout.raw(one.spec)
        step = max(min(_MOST_ROWS, _MOST_BYTES // (4 * table.vector.size + 16)), 1)
        for start in range(0, len(ids), step):
            part = slice(start, start + step)
            self._pieces.append((table, {"id": ids[part], VECTOR: vectors[part]}, ""))

    def write(self, records: Sequence[Row]) -> int:
        """Write the vectors, and each record after its own; returns the last write's timestamp."""
        first = len(self._pieces)
        if records:
            table = self._state.records
            self._add(table, records, {table.vector.name: nothing(len(records))})
        pieces, self._pieces = self._pieces, []
        self._state.partitions.make((table.name, partition) for table, _, partition in pieces)
        futures: list[Future[int]] = []
        about: list[set[int]] = []
        for place, piece in enumerate(pieces):
            ids = set(piece[1]["id"])
            before = [
                future
                for future, own in zip(futures, about, strict=True)
                if place >= first and not own.isdisjoint(ids)
            ]
            # Those waited for were given to the pool before, so somebody is at work on them.
            futures.append(self._state.pool.submit(self._send, piece, before))
            about.append(ids)
        # All are waited for, so that none is still being written when an error is told.
        errors = [error for one in futures if (error := one.exception()) is not None]
        if errors:
            self._state.presence.failed = True
            raise errors[0]
        return max((one.result() for one in futures), default=0)

    def _send(self, piece: Piece, before: Sequence[Future[int]]) -> int:
        for one in before:
            one.result()
        return self._state.connection.upsert(*piece)

    def _add(self, table: Table, rows: Sequence[Row], given: Mapping[str, Values]) -> None:
        """Cut rows into pieces; columns that are `given` take the place of the rows' own."""
        size = np.asarray(given[table.vector.name]).nbytes // max(len(rows), 1)
        for partition, places in self._by_partition(table, rows).items():
            for some in _cut(rows, places, size):
                columns: dict[str, Values] = {}
                for column in table.columns:
                    values = given.get(column.name)
                    if values is None:
                        columns[column.name] = [rows[place][column.name] for place in some]
                    elif isinstance(values, np.ndarray):
                        columns[column.name] = values[some]
                    else:
                        columns[column.name] = [values[place] for place in some]
                self._pieces.append((table, columns, partition))

    def _by_partition(self, table: Table, rows: Sequence[Row]) -> dict[str, list[int]]:
        if self._state.layout.tenancy == "key" or table.key == "key":
            return {"": list(range(len(rows)))}
        found: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            found.setdefault(partition_of(row["tenant"]), []).append(place)
        return found


def _cut(rows: Sequence[Row], places: Sequence[int], vector_bytes: int) -> list[list[int]]:
    """Places of rows in parts that one request can carry."""
    parts: list[list[int]] = []
    size = _MOST_BYTES
    for place in places:
        row = rows[place]
        own = vector_bytes + _ROW_BYTES + len(row["attributes"]) + len(row["filterable"])
        own += len(row["uri"])
        if size + own > _MOST_BYTES or len(parts[-1]) >= _MOST_ROWS:
            parts.append([])
            size = 0
        parts[-1].append(place)
        size += own
    return parts


def compared_rows(
    state: State, one: Member, ids: Sequence[int]
) -> tuple[list[int], list[int], NDArray[Any]]:
    """Keys (n,), ids (n,) and vectors (n, size) that a table of compared vectors has of records."""
    table = state.compared(one)
    names = ["id", VECTOR, *([ROW] if one.is_hash else [])]
    keys: list[int] = []
    found: list[int] = []
    vectors: list[NDArray[Any]] = []
    for some in pages(possible(ids), _IDS_AT_A_TIME):
        wanted = [*some, *(-key - 1 for key in some)] if one.is_hash else some
        columns = state.connection.columns(table.name, f"{table.key} in {among(wanted)}", names)
        if columns and len(columns["id"]):
            keys += list(columns[table.key])
            found += list(columns["id"])
            vectors.append(np.asarray(columns[VECTOR]))
    empty = np.empty((0, 0))
    return keys, found, np.concatenate(vectors) if vectors else empty


def delete_rows(state: State, table: Table, keys: Sequence[int], partition: str = "") -> int:
    """Delete rows by key; returns the timestamp of the last deletion."""
    last = 0
    for some in pages(list(keys), _IDS_AT_A_TIME):
        condition = f"{table.key} in {among(some)}"
        last = state.connection.delete(table.name, condition, partition)
    return last
