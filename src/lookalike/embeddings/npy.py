"""Embeddings as NAME.npy, an array to map into memory, and NAME.jsonl, which says what is what.

The first line of the sidecar describes the encoder; line i + 2 is the record of row i.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from lookalike.embeddings.header import KEY, LARGEST, Header
from lookalike.errors import UsageError
from lookalike.views.file import replacing

MAX_LINE = 64 << 20
"""Most bytes of one line of the sidecar."""

_BATCH = 4096
_CHUNK = 1 << 20


def sidecar(path: Path) -> Path:
    """The file of records beside an array."""
    return path.with_suffix(".jsonl")


@contextmanager
def write(path: Path, header: Header, dtype: str) -> "Iterator[_Writer]":
    """Both files; the array takes its place first.

    Raises:
        UsageError: the sidecar's name is that of a file of another kind.
    """
    beside = sidecar(path)
    if beside.exists() and not _is_sidecar(beside):
        raise UsageError(
            f"{path.name} goes with {beside.name}, and there is one that says something else; "
            "give the array another name"
        )
    row = (header.width, np.dtype(dtype).newbyteorder("<"))
    with (
        replacing(beside) as lines,
        replacing(path) as array,
        lines.open("w", encoding="utf-8") as text,
        array.open("wb") as data,
    ):
        text.write(json.dumps({KEY: header.to_dict()}) + "\n")
        writer = _Writer(text, data, row)
        yield writer
        writer.finish()


class _Writer:
    def __init__(self, text: IO[str], data: IO[bytes], row: "tuple[int, np.dtype[Any]]") -> None:
        self._text = text
        self._data = data
        self._width, self._dtype = row
        self._rows = 0
        self._head()

    def append(self, rows: Sequence[Mapping[str, Any]], vectors: NDArray[Any]) -> None:
        """Lines and rows of the array."""
        for row in rows:
            attributes = json.loads(row["attributes"])
            known = {name: value for name, value in row.items() if value is not None}
            line = json.dumps({**known, "attributes": attributes}, ensure_ascii=False)
            self._text.write(line + "\n")
        self._data.write(np.ascontiguousarray(vectors, self._dtype).tobytes())
        self._rows += len(vectors)

    def finish(self) -> None:
        """Say how many rows there are, for which the head has room."""
        self._data.seek(0)
        self._head()

    def _head(self) -> None:
        shape = (self._rows, self._width)
        described = npy.dtype_to_descr(self._dtype)
        npy.write_array_header_1_0(
            self._data, {"descr": described, "fortran_order": False, "shape": shape}
        )


@contextmanager
def read(path: Path) -> "Iterator[_Reader]":
    """An array with its sidecar."""
    beside = sidecar(path)
    if not beside.is_file():
        raise UsageError(
            f"{path.name}: {beside.name}, which says what its rows are, is not beside it; "
            "vectors alone are added with Collection.add_embeddings"
        )
    try:
        array = npy.open_memmap(path, mode="r")
    except (ValueError, EOFError, SyntaxError, TypeError, OverflowError, TokenError) as error:
        raise UsageError(f"{path.name} is no .npy array, or is damaged: {error}") from error
    if array.ndim != 2 or array.dtype.kind not in "fu" or not 0 < array.shape[1] <= LARGEST:
        raise UsageError(
            f"{path.name} holds {array.dtype} of {array.shape}, not rows of float or uint8"
        )
    with beside.open("rb") as lines:
        yield _Reader(path, array, lines)


class _Reader:
    def __init__(self, path: Path, array: NDArray[Any], lines: IO[bytes]) -> None:
        self._name = sidecar(path).name
        self._array = array
        self._lines = lines
        self.rows = len(array)
        first = self._line(1)
        self._headed = KEY in first
        if self._headed:
            self.header = Header.from_dict(first[KEY], self._name)
        elif array.dtype == np.uint8:
            self.header = Header("hash", 8 * array.shape[1])
        else:
            self.header = Header("embedding", array.shape[1])
        if array.shape[1] != self.header.width:
            raise UsageError(f"{path.name}: its rows are not those that {self._name} describes")
        self._lines.seek(0)
        there = _count_lines(lines) - self._headed
        if there != self.rows:
            raise UsageError(
                f"{path.name} has {self.rows:,} rows, {self._name} {there:,}: "
                "the two do not belong together"
            )

    def batches(self) -> Iterator[tuple[list[dict[str, Any]], NDArray[Any]]]:
        """Lines and rows, 4,096 at a time."""
        self._lines.seek(0)
        if self._headed:
            self._lines.readline()
        for start in range(0, self.rows, _BATCH):
            vectors = self._array[start : start + _BATCH]
            first = start + 1 + self._headed
            yield [self._line(first + i) for i in range(len(vectors))], vectors

    def _line(self, number: int) -> dict[str, Any]:
        line = self._lines.readline(MAX_LINE)
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise UsageError(f"{self._name}, line {number} is no JSON object")
        return found


def _is_sidecar(path: Path) -> bool:
    start = json.dumps({KEY: {}})[:-2].encode()
    with path.open("rb") as file:
        return file.read(len(start)) == start


def _count_lines(file: IO[bytes]) -> int:
    count, last = 0, b"\n"
    while chunk := file.read(_CHUNK):
        count += chunk.count(b"\n")
        last = chunk[-1:]
    return count + (last != b"\n")
