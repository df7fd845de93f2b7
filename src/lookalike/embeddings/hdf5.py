"""Embeddings as HDF5: datasets of vectors, ids, uris, attributes and the other facts."""

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lookalike.embeddings.header import KEY, LARGEST, Header
from lookalike.embeddings.rows import COLUMNS, NUMBERS
from lookalike.errors import UsageError
from lookalike.views.file import replacing

VECTORS = "vectors"
NAMES = {"id": "ids", "uri": "uris", "tenant": "tenants"}
"""Datasets that are called otherwise than their column."""
NONE = -1
"""An integer that a record does not have; a text that it does not have is empty."""

_BATCH = 4096
_CHUNK_ROWS = 1024
_LARGEST_CHUNK = 256 << 20
"""Most bytes of a chunk, which the library unpacks at once."""
_ROOM = 64 << 20
"""Bytes that must stay free on the disk."""


@contextmanager
def write(path: Path, header: Header, dtype: str) -> "Iterator[_Writer]":
    """An HDF5 file whose datasets grow batch by batch; nothing is compressed."""
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        file.create_dataset(KEY, data=json.dumps(header.to_dict()))
        for key in ("encoder", "kind", "size", "fingerprint", "projection"):
            file.attrs[key] = getattr(header, key)
        width = header.width
        chunks = (_CHUNK_ROWS, width)
        file.create_dataset(VECTORS, (0, width), dtype, maxshape=(None, width), chunks=chunks)
        for name in COLUMNS:
            kind = np.int64 if name in NUMBERS else h5py.string_dtype()
            file.create_dataset(
                NAMES.get(name, name), (0,), kind, maxshape=(None,), chunks=(_CHUNK_ROWS,)
            )
        yield _Writer(file)


class _Writer:
    def __init__(self, file: h5py.File) -> None:
        self._file = file

    def append(self, rows: Sequence[Mapping[str, Any]], vectors: NDArray[Any]) -> None:
        """Let every dataset grow."""
        texts = sum(len(text) for row in rows for text in row.values() if isinstance(text, str))
        _need_room(self._file.filename, vectors.nbytes + 4 * texts + len(rows) * 256)
        self._grow(VECTORS, vectors)
        for name in COLUMNS:
            empty: Any = NONE if name in NUMBERS else ""
            values = [empty if row[name] is None else row[name] for row in rows]
            self._grow(NAMES.get(name, name), values)

    def _grow(self, name: str, values: Any) -> None:
        dataset = self._file[name]
        start = len(dataset)
        dataset.resize(start + len(values), axis=0)
        dataset[start:] = values


@contextmanager
def read(path: Path) -> "Iterator[_Reader]":
    """An HDF5 file of ours, or one that has `vectors` and `ids` or `uris`."""
    try:
        with h5py.File(path, "r") as file:
            yield _Reader(file, path.name)
    except (OSError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise UsageError(f"{path.name} is no HDF5 file, or is damaged: {error}") from error


class _Reader:
    def __init__(self, file: h5py.File, name: str) -> None:
        self._file = file
        self._name = name
        self._vectors = self._dataset(VECTORS)
        if self._vectors is None or self._vectors.ndim != 2 or self._vectors.dtype.kind not in "fu":
            raise UsageError(f"{name} has no dataset {VECTORS!r} of rows of float or uint8")
        self.rows, width = self._vectors.shape
        if not 0 < width <= LARGEST:
            raise UsageError(f"{name}: vectors of {width} values cannot be kept")
        self._columns = {
            column: dataset
            for column in COLUMNS
            if (dataset := self._dataset(NAMES.get(column, column))) is not None
        }
        for column, dataset in self._columns.items():
            if dataset.shape != (self.rows,):
                raise UsageError(
                    f"{name}: {column!r} has the shape {dataset.shape}, not a row each"
                )
        self.header = self._head(width)
        if self.header.width != width:
            raise UsageError(f"{name}: its vectors are not those that it describes")

    def batches(self) -> Iterator[tuple[list[dict[str, Any]], NDArray[Any]]]:
        """Rows of all datasets, 4,096 at a time."""
        for start in range(0, self.rows, _BATCH):
            part = slice(start, start + _BATCH)
            vectors: NDArray[Any] = self._vectors[part]
            columns = {name: _values(one, part) for name, one in self._columns.items()}
            rows = [
                {name: values[i] for name, values in columns.items()} for i in range(len(vectors))
            ]
            yield rows, vectors

    def _dataset(self, name: str) -> Any:
        """A dataset in the file itself; None when there is none.

        One that lies in another file (a link, external or virtual storage) would let a file that
        came from elsewhere read any other, so it is refused.
        """
        link = self._file.get(name, getlink=True)
        if link is None:
            return None
        try:
            found = self._file[name] if isinstance(link, h5py.HardLink) else None
        except KeyError as error:
            raise UsageError(f"{self._name} is damaged: {error}") from error
        if not isinstance(found, h5py.Dataset) or found.external or found.is_virtual:
            raise UsageError(f"{self._name}: {name!r} is no dataset in the file itself")
        chunk = int(np.prod(found.chunks or (1,))) * found.dtype.itemsize
        if chunk > _LARGEST_CHUNK:
            raise UsageError(f"{self._name}: the chunks of {name!r} are larger than 256 MiB")
        return found

    def _head(self, width: int) -> Header:
        said = self._dataset(KEY)
        if said is None:
            hashes = self._vectors.dtype == np.uint8
            return Header("hash", 8 * width) if hashes else Header("embedding", width)
        try:
            return Header.from_dict(json.loads(said[()]), self._name)
        except (TypeError, ValueError, RecursionError):
            raise UsageError(f"{self._name}: what it says of its encoder is damaged") from None


def _values(dataset: Any, part: slice) -> list[Any]:
    if h5py.check_string_dtype(dataset.dtype):
        return [text or None for text in dataset.asstr("utf-8", "surrogateescape")[part]]
    return [None if value == NONE else value for value in dataset[part].tolist()]


def _need_room(path: str, size: int) -> None:
    """See that the disk has room: HDF5 cannot close a file that it could not write to.

    Raises:
        OSError: it has not.
    """
    if shutil.disk_usage(os.path.dirname(path)).free < size + _ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
