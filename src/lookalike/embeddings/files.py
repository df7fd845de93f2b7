"""The seam of the formats: what writes batches of rows, what reads them, and which is which."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lookalike.embeddings.header import Header
from lookalike.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMATS = {".parquet": "parquet", ".npy": "npy", ".h5": "hdf5", ".hdf5": "hdf5"}
"""Endings of files, and the module of each: it has `write` and `read`."""


class Writer(Protocol):
    """Appends rows to a file."""

    def append(self, rows: Sequence[Mapping[str, Any]], vectors: "NDArray[Any]") -> None:
        """Append (n, width) vectors with the columns of their records."""
        ...


class Reader(Protocol):
    """Reads a file's rows."""

    header: Header
    rows: int

    def batches(self) -> "Iterator[tuple[list[dict[str, Any]], NDArray[Any]]]":
        """Columns and (n, width) vectors of some rows at a time, in order."""
        ...


class Format(Protocol):
    """One module of `FORMATS`."""

    def write(self, path: Path, header: Header, dtype: str) -> AbstractContextManager[Writer]:
        """A file that is there, whole, when the context ends well, and not at all otherwise."""
        ...

    def read(self, path: Path) -> AbstractContextManager[Reader]:
        """A file, checked as far as that is possible without reading its rows.

        Raises:
            UsageError: it is not of this format, is damaged, or holds no vectors.
        """
        ...


def format_of(path: Path) -> Format:
    """The module for a file's ending.

    Raises:
        UsageError: there is none, or its package is missing.
    """
    from importlib import import_module

    name = FORMATS.get(path.suffix.lower())
    if name is None:
        raise UsageError(
            f"{path.name}: embeddings are kept in files that end in {', '.join(FORMATS)}"
        )
    try:
        found: Format = import_module(f"lookalike.embeddings.{name}")
    except ImportError as error:
        raise UsageError(
            f"{path.name} needs one more package: pip install 'lookalike[{name}]'"
        ) from error
    return found
