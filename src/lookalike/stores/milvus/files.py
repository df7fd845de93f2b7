"""Tables as Parquet files in the form that Milvus's bulk insert takes."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.errors import MissingExtraError, UsageError
from lookalike.stores.milvus.layout import Column, Table, Type
from lookalike.stores.milvus.packing import Values

if TYPE_CHECKING:
    import pyarrow as pa

MOST_BYTES = 256 << 20
"""Bytes of columns after which a table goes on in another file: a server reads a file as a whole,
several at a time."""


class TableFiles:
    """Writes one table as FOLDER/0.parquet, FOLDER/1.parquet and so on; a batch is a row group."""

    def __init__(self, folder: Path, table: Table) -> None:
        """Make the folder.

        Raises:
            MissingExtraError: pyarrow is not installed.
            UsageError: the folder is there and not empty.
        """
        self.folder = folder
        self.table = table
        self.files: list[Path] = []
        self.rows = 0
        self._schema = schema_of(table)
        self._writer: Any = None
        self._bytes = 0
        folder.mkdir(parents=True, exist_ok=True)
        if next(folder.iterdir(), None) is not None:
            raise UsageError(f"{folder} is not empty: name a folder that is")

    def append(self, columns: Mapping[str, Values]) -> None:
        """Add rows, given as columns of equal length as `Connection.upsert` takes them."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        arrays = [_array(column, columns[column.name]) for column in self.table.columns]
        batch = pa.table(arrays, schema=self._schema)
        if self._writer is None or self._bytes > MOST_BYTES:
            self.close()
            self.files.append(self.folder / f"{len(self.files)}.parquet")
            self._writer = pq.ParquetWriter(
                self.files[-1], self._schema, compression="zstd", use_dictionary=False
            )
        self._writer.write_table(batch)
        self._bytes += batch.nbytes
        self.rows += len(batch)

    def close(self) -> None:
        """Finish the file that is open."""
        if self._writer is not None:
            self._writer.close()
            self._writer, self._bytes = None, 0

    def __enter__(self) -> "TableFiles":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
            return
        with suppress(OSError):
            self.close()


def schema_of(table: Table) -> "pa.Schema":
    """The columns of a table's files.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise MissingExtraError(
            "Parquet files need pyarrow: pip install 'lookalike[parquet]'"
        ) from error
    kinds = {
        Type.BOOL: pa.bool_(),
        Type.INT64: pa.int64(),
        Type.DOUBLE: pa.float64(),
        Type.VARCHAR: pa.string(),
        Type.JSON: pa.string(),
        Type.BINARY_VECTOR: pa.list_(pa.uint8()),
        Type.FLOAT_VECTOR: pa.list_(pa.float32()),
    }
    return pa.schema([pa.field(one.name, kinds[one.type], nullable=False) for one in table.columns])


def check(file: Path, table: Table) -> int:
    """Read a file back and compare it with its table; returns the number of rows.

    Raises:
        UsageError: a column is missing or of another type, a text is too long, or a vector has
            another size.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        found = opened.schema_arrow
        # The names of the elements of lists are not kept as they were.
        wanted = {one.name: str(one.type) for one in schema_of(table)}
        said = {one.name: str(one.type).replace("element:", "item:") for one in found}
        if said != {name: kind.replace("element:", "item:") for name, kind in wanted.items()}:
            raise UsageError(f"{file} has the columns {said}, not {wanted}")
        for batch in opened.iter_batches():
            for column in table.columns:
                values = batch.column(column.name)
                if values.null_count:
                    raise UsageError(f"{file}: {column.name} lacks a value")
                if column.type == Type.VARCHAR:
                    longest = pc.max(pc.binary_length(values)).as_py() or 0
                    if longest > column.size:
                        raise UsageError(f"{file}: {column.name} has a text of {longest} bytes")
                elif column.type in {Type.BINARY_VECTOR, Type.FLOAT_VECTOR}:
                    width = _width(column)
                    if pc.any(pc.not_equal(pc.list_value_length(values), pa.scalar(width))).as_py():
                        raise UsageError(f"{file}: not every vector has {width} values")
        return int(opened.metadata.num_rows)


def _array(column: Column, values: Values) -> "pa.Array":
    import pyarrow as pa

    match column.type:
        case Type.BINARY_VECTOR | Type.FLOAT_VECTOR:
            kind = np.uint8 if column.type == Type.BINARY_VECTOR else np.float32
            flat = np.ascontiguousarray(values, kind).reshape(-1)
            offsets = np.arange(len(values) + 1, dtype=np.int32) * _width(column)
            return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat))
        case Type.JSON:
            return pa.array([_text(value) for value in values], pa.string())
        case _:
            return pa.array(values)


def _width(column: Column) -> int:
    return column.size // 8 if column.type == Type.BINARY_VECTOR else column.size


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def table_files(folder: Path) -> Iterator[Path]:
    """The files of a table's folder, in order."""
    yield from sorted(folder.glob("*.parquet"), key=lambda file: int(file.stem))
