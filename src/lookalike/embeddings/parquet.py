"""Embeddings as Parquet: a row a record, with its fields as columns and `vector` as a list."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from lookalike.embeddings.header import KEY, LARGEST, Header
from lookalike.embeddings.rows import COLUMNS, NUMBERS
from lookalike.errors import UsageError
from lookalike.views.file import replacing

VECTOR = "vector"
_VECTOR_NAMES = (VECTOR, "embedding", "embeddings")
_BATCH = 4096
_LARGEST_GROUP = 4 << 30
"""Most bytes that one row group may unpack to."""


@contextmanager
def write(path: Path, header: Header, dtype: str) -> "Iterator[_Writer]":
    """A Parquet file, compressed with zstd; a batch is a row group."""
    kind = pa.list_(pa.from_numpy_dtype(dtype), header.width)
    fields = [pa.field(name, pa.int64() if name in NUMBERS else pa.string()) for name in COLUMNS]
    schema = pa.schema([*fields, (VECTOR, kind)], {KEY: json.dumps(header.to_dict())})
    # Bytes of floats of one place together: float32 that came from float16 packs to half.
    floats = [f"{VECTOR}.list.element"] if dtype.startswith("float") else False
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(
            temporary,
            schema,
            compression="zstd",
            use_dictionary=["tenant", "format"],
            use_byte_stream_split=floats,
        ) as file,
    ):
        yield _Writer(file, schema)


class _Writer:
    def __init__(self, file: pq.ParquetWriter, schema: pa.Schema) -> None:
        self._file = file
        self._schema = schema

    def append(self, rows: Sequence[Mapping[str, Any]], vectors: NDArray[Any]) -> None:
        """One row group."""
        width = vectors.shape[1]
        columns = [
            pa.array([row[name] for row in rows], self._schema.field(name).type) for name in COLUMNS
        ]
        flat = pa.array(np.ascontiguousarray(vectors).reshape(-1))
        columns.append(pa.FixedSizeListArray.from_arrays(flat, width))
        self._file.write_table(pa.table(columns, schema=self._schema))


@contextmanager
def read(path: Path) -> "Iterator[_Reader]":
    """A Parquet file of ours, or one that has a list of numbers called vector or embedding."""
    try:
        with pq.ParquetFile(path) as file:
            yield _Reader(file, path.name)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} is no Parquet file, or is damaged: {error}") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise UsageError(f"{path.name} is damaged: {error}") from error


class _Reader:
    def __init__(self, file: pq.ParquetFile, name: str) -> None:
        self._file = file
        self._name = name
        schema = file.schema_arrow
        self._vector = next((one for one in _VECTOR_NAMES if one in schema.names), "")
        if not self._vector:
            raise UsageError(f"{name} has no column {VECTOR!r}; it has {', '.join(schema.names)}")
        groups = file.metadata
        for number in range(groups.num_row_groups):
            if groups.row_group(number).total_byte_size > _LARGEST_GROUP:
                raise UsageError(f"{name}: a row group unpacks to more than 4 GiB; make them less")
        self.rows = int(groups.num_rows)
        self._columns = [one for one in COLUMNS if one in schema.names]
        said = (schema.metadata or {}).get(KEY.encode())
        self.header = self._guess(schema) if said is None else self._said(said)

    def batches(self) -> Iterator[tuple[list[dict[str, Any]], NDArray[Any]]]:
        """Rows as they come, 4,096 at a time at most."""
        columns = [*self._columns, self._vector]
        for batch in self._file.iter_batches(_BATCH, columns=columns):
            yield batch.select(self._columns).to_pylist(), self._matrix(batch.column(self._vector))

    def _said(self, text: bytes) -> Header:
        try:
            return Header.from_dict(json.loads(text), self._name)
        except (ValueError, RecursionError):
            raise UsageError(f"{self._name}: what it says of its encoder is damaged") from None

    def _guess(self, schema: pa.Schema) -> Header:
        """The header of a file that another program made, by its first row."""
        kind = schema.field(self._vector).type
        tests = (pa.types.is_list, pa.types.is_fixed_size_list, pa.types.is_large_list)
        if not any(test(kind) for test in tests):
            raise UsageError(f"{self._name}: {self._vector!r} is {kind}, not a list of numbers")
        first = next(self._file.iter_batches(1, columns=[self._vector]), None)
        width = 0 if first is None or not len(first) else len(first.column(0)[0].as_py() or ())
        if pa.types.is_uint8(kind.value_type):
            return Header("hash", width * 8)
        return Header("embedding", width)

    def _matrix(self, column: pa.Array) -> NDArray[Any]:
        """(n, width) values; UsageError when a row has another length, or none."""
        width = self.header.width
        values = column.flatten()
        lengths = column.value_lengths()
        same = column.null_count == 0 and values.null_count == 0
        if (
            width > LARGEST
            or not same
            or not all(one == width for one in lengths.unique().to_pylist())
        ):
            raise UsageError(f"{self._name}: not every vector has {width} values")
        matrix: NDArray[Any] = values.to_numpy(zero_copy_only=False).reshape(len(column), width)
        return matrix
