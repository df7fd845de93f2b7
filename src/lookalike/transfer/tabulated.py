"""A collection as the tables that it is on a Milvus server, written as Parquet files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.external import unit_rows
from lookalike.stores.milvus.files import TableFiles
from lookalike.stores.milvus.layout import HAS, ROW, Layout, Table, identifier
from lookalike.stores.milvus.packing import nothing
from lookalike.stores.milvus.rows import Row, encoded, row_of
from lookalike.transfer.overlap import ahead

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lookalike.encoders.projection import Projection
    from lookalike.records import EncoderSpec, Record
    from lookalike.stores.base import Progress, Store
    from lookalike.transfer.part import Part

Columns = Mapping[str, Any]
"""Of rows of one table, by the column's name."""
NO_QUALITY = -1


@dataclass(frozen=True, slots=True)
class EncoderTables:
    """Where one encoder's vectors go: as they are compared, and raw where that is not the same."""

    spec: "EncoderSpec"
    projection: "Projection | None"
    compared: Table
    raw: Table | None


def encoder_tables(source: "Store", part: "Part", layout: Layout) -> list[EncoderTables]:
    """The tables that a new collection has for each encoder of a part."""
    found = []
    for spec in part.specs:
        projection = source.projection(spec.name) if spec.kind == "embedding" else None
        size = spec.size if projection is None else projection.size
        raw = None if projection is None else layout.raw(spec)
        found.append(EncoderTables(spec, projection, layout.compared(spec, size), raw))
    return found


def write_tables(
    source: "Store",
    part: "Part",
    layout: Layout,
    encoders: Sequence[EncoderTables],
    folder: Path,
    progress: "Progress | None" = None,
) -> dict[str, TableFiles]:
    """Write a part of a collection, its records and vectors, a folder a table.

    Returns:
        What was written, by the name of the table.

    Raises:
        MissingExtraError: pyarrow is not installed.
        UsageError: a folder of that name is not empty, or a record does not fit the server's
            columns.
    """
    tables = [layout.records]
    for one in encoders:
        tables += [one.compared] if one.raw is None else [one.compared, one.raw]
    total, done = source.count(part.where), 0
    files: dict[str, TableFiles] = {}
    with ExitStack() as stack:
        for table in tables:
            files[table.name] = stack.enter_context(TableFiles(folder / table.name, table))
        for columns, seen in ahead(_batches(source, part, layout, encoders)):
            for name, of_table in columns.items():
                files[name].append(of_table)
            done += seen
            if progress is not None:
                progress("write files", done, max(done, total))
    return files


def _batches(
    source: "Store", part: "Part", layout: Layout, encoders: Sequence[EncoderTables]
) -> Iterator[tuple[dict[str, Columns], int]]:
    """Columns by table for some records at a time, and how many records they are."""
    for found in part.batches(source):
        records = _linked(source, part, found)
        ids = [record.id for record in records]
        rows = {record.id: row_of(record, layout.declared) for record in records}
        has: dict[int, dict[str, int]] = {key: {} for key in ids}
        columns: dict[str, Columns] = {}
        for one in encoders:
            name = one.spec.name
            vectors = source.vectors(name, ids)
            if not vectors:
                continue
            qualities = source.qualities(name, ids) if one.spec.kind == "hash" else {}
            for key in vectors:
                has[key][identifier(name)] = qualities.get(key, NO_QUALITY)
            own = [rows[key] for key in vectors]
            matrix = np.stack(list(vectors.values()))
            if one.spec.kind == "hash":
                _add(columns, one.compared, *_with_trimmed(own, matrix, source.trimmed(name, ids)))
                continue
            # As some stores keep them, in half precision, their length is not quite 1.
            matrix = unit_rows(matrix)
            if one.projection is None:
                _add(columns, one.compared, own, matrix)
            else:
                _add(columns, one.compared, own, one.projection.project(matrix))
            if one.raw is not None:
                _add(columns, one.raw, own, matrix)
        with_has = [{**rows[key], HAS: encoded(has[key])} for key in ids]
        _add(columns, layout.records, with_has, nothing(len(ids)))
        yield columns, len(records)


def _with_trimmed(
    rows: Sequence[Row], hashes: "NDArray[Any]", trimmed: "Mapping[int, NDArray[Any]]"
) -> "tuple[list[Row], NDArray[Any]]":
    """Rows and hashes of whole pictures, and of those without borders, under their own keys."""
    made = [{**row, ROW: row["id"]} for row in rows]
    more = [row for row in rows if row["id"] in trimmed]
    made += [{**row, ROW: -row["id"] - 1} for row in more]
    return made, np.concatenate([hashes, *(trimmed[row["id"]][None] for row in more)])


def _add(
    columns: dict[str, Columns], table: Table, rows: Sequence[Row], vectors: "NDArray[Any]"
) -> None:
    made: dict[str, Any] = {name: [row[name] for row in rows] for name in table.scalars}
    columns[table.name] = {**made, table.vector.name: vectors}


def _linked(source: "Store", part: "Part", records: "Sequence[Record]") -> "list[Record]":
    """The records without links to what is not in the part."""
    wanted = list({one.duplicate_of for one in records if one.duplicate_of is not None})
    there = {
        record.id
        for record in source.get(wanted)
        if record is not None and (part.where is None or part.where.matches(record))
    }
    return [
        one if one.duplicate_of in there else replace(one, duplicate_of=None) for one in records
    ]
