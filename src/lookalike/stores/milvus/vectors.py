"""Vectors of records: checked and made ready to be written, and read again."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import UsageError
from lookalike.stores.base import Entry
from lookalike.stores.checks import check_quality, matrix_of
from lookalike.stores.milvus.connection import pages
from lookalike.stores.milvus.expressions import among
from lookalike.stores.milvus.filter_json import there
from lookalike.stores.milvus.ids import possible
from lookalike.stores.milvus.layout import HAS, RECORD_COLUMNS, VECTOR, identifier
from lookalike.stores.milvus.roster import Member
from lookalike.stores.milvus.state import State
from lookalike.stores.milvus.tables import compared_rows

_IDS_AT_A_TIME = 4096
_CHUNK_ROWS = 4096
_UNIT = 1e-6
"""How far from 1 the length of an embedding may be to be written as it is."""


def given(state: State, entries: Sequence[Entry]) -> dict[str, tuple[list[int], NDArray[Any]]]:
    """By encoder, the places of the entries that bring a vector, and the vectors (n, size).

    Raises:
        UsageError: one is no vector of its encoder, or a quality is none.
        UnknownEncoderError: the collection does not have an encoder.
    """
    places: dict[str, list[int]] = {}
    for place, entry in enumerate(entries):
        check_quality(entry)
        for name in entry.vectors:
            places.setdefault(name, []).append(place)
    found = {}
    for name, some in places.items():
        spec = state.member(name).spec
        vectors = matrix_of(spec, [entries[place] for place in some])
        if spec.kind == "embedding":
            lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
            off = np.abs(lengths - 1) > _UNIT
            if off.any():
                vectors = vectors.copy()
                vectors[off] /= lengths[off, None]
        found[name] = (some, vectors)
    return found


def given_trimmed(
    state: State, entries: Sequence[Entry]
) -> dict[str, dict[int, NDArray[np.uint8]]]:
    """By encoder, the trimmed hashes that entries bring, by place.

    Raises:
        UsageError: one is no hash of its encoder.
    """
    found: dict[str, dict[int, NDArray[np.uint8]]] = {}
    for place, entry in enumerate(entries):
        for name, hashed in entry.trimmed.items():
            one = state.member(name)
            if (
                not one.is_hash
                or getattr(hashed, "dtype", None) != np.uint8
                or hashed.shape != (one.spec.size // 8,)
            ):
                raise UsageError(f"{entry.uri}: a trimmed hash of {name!r} is no hash of its size.")
            found.setdefault(name, {})[place] = hashed
    return found


def compared_of(state: State, one: Member, vectors: NDArray[Any]) -> NDArray[Any]:
    """Vectors (n, size) as they are compared."""
    projection = state.space(one).projection
    return vectors if projection is None else projection.project(vectors)


def read(state: State, one: Member, ids: Sequence[int]) -> dict[int, NDArray[Any]]:
    """Stored vectors by id: (dim,) float32 or (bits/8,) uint8; absent ids are left out."""
    if not one.has_raw:
        return compared(state, one, ids)
    table = state.layout.raw(one.spec)
    state.load_raw(table.name)
    found: dict[int, NDArray[Any]] = {}
    for some in pages(possible(ids), _IDS_AT_A_TIME):
        columns = state.connection.columns(table.name, f"id in {among(some)}", ["id", VECTOR])
        if columns:
            found.update(zip(columns["id"], columns[VECTOR], strict=True))
    return found


def compared(state: State, one: Member, ids: Sequence[int]) -> dict[int, NDArray[Any]]:
    """Vectors by id as they are compared; absent ids are left out."""
    keys, found, vectors = compared_rows(state, one, ids)
    return {
        key: vector for row, key, vector in zip(keys, found, vectors, strict=True) if row == key
    }


def trimmed(state: State, one: Member, ids: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
    """Hashes of pictures without their borders, by id; absent ids are left out."""
    keys, found, vectors = compared_rows(state, one, ids)
    return {
        key: vector for row, key, vector in zip(keys, found, vectors, strict=True) if row != key
    }


def every(state: State, one: Member) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
    """All stored vectors in chunks of ids (n,) and vectors (n, size), in order of id.

    Only those whose record says that it has one: what a writer that died left is passed over.
    """
    for rows in records_with(state, one, ["id"]):
        ids = [row["id"] for row in rows]
        found = read(state, one, ids)
        there = [key for key in ids if key in found]
        if there:
            yield np.array(there, np.int64), np.stack([found[key] for key in there])


def records_with(
    state: State,
    one: Member,
    columns: Sequence[str] = (*RECORD_COLUMNS, HAS),
    where: str = "id >= 0",
) -> Iterator[list[dict[str, Any]]]:
    """Rows of the records that have a vector of an encoder, in chunks, in order of id.

    `where` is a further condition on them.
    """
    last = -1
    exists = there(f'{HAS}["{identifier(one.spec.name)}"]')
    while True:
        rows = state.connection.query(
            state.records.name, f"id > {last} and {where} and {exists}", columns, limit=_CHUNK_ROWS
        )
        if rows:
            yield sorted(rows, key=lambda row: int(row["id"]))
        if len(rows) < _CHUNK_ROWS:
            return
        last = max(row["id"] for row in rows)
