"""The rows of a product table, one at a time: CSV, TSV, JSON lines, Parquet."""

import codecs
import contextlib
import csv
import gzip
import io
import json
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from lookalike.errors import UsageError
from lookalike.sources.columns import native
from lookalike.sources.file import reason

MAX_LINE = 16 << 20
"""Most characters of one line of JSON."""

_BATCH = 1024
_TEXT = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_JSON = (".jsonl", ".ndjson")
_PARQUET = (".parquet", ".pq")
_OTHER_DELIMITERS = (";", "\t", "|", ",")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number, as a spreadsheet or an editor counts it, and its values by column.

    `complaint` says why it cannot be used, when it cannot.
    """

    number: int
    values: dict[str, Any]
    complaint: str = ""


class Table:
    """A product table that can be read from the start any number of times, never whole.

    `columns` are the names it declares; None for JSON lines, which declare none. Values of CSV
    and TSV are text, and None where a field is empty; others are what their file says.

    Raises:
        UsageError: no such file, of no known kind, or one that cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str], *, delimiter: str | None = None) -> None:
        self.path = os.path.abspath(os.path.expanduser(path))
        self.name = os.path.basename(self.path)
        if not os.path.isfile(self.path):
            raise UsageError(f"{self.path}: there is no such file; name a table")
        stem, suffix = os.path.splitext(self.name.lower())
        self._gzip = suffix == ".gz"
        if self._gzip:
            suffix = os.path.splitext(stem)[1]
        if delimiter is not None and (suffix not in _TEXT or len(delimiter) != 1):
            raise UsageError("a delimiter is one character, and goes with CSV and TSV")
        self.columns: tuple[str, ...] | None = None
        self._rows: Callable[[Sequence[str] | None], Iterator[Row]]
        if suffix in _TEXT:
            self._delimiter = delimiter or _TEXT[suffix]
            self.columns = self._header()
            self._rows = self._delimited
        elif suffix in _JSON:
            self._rows = self._json_lines
        elif suffix in _PARQUET and not self._gzip:
            with self._parquet_file() as file:
                self.columns = tuple(file.schema_arrow.names)
            self._rows = self._parquet
        else:
            known = ", ".join((*_TEXT, *_JSON, *_PARQUET))
            raise UsageError(f"{self.name}: no table of a known kind; its name ends in {known}")
        self.is_text = suffix in _TEXT
        """Whether every value is text until a type is declared."""
        if self.columns is not None:
            self._check_columns(self.columns)

    def rows(self, columns: Sequence[str] | None = None) -> Iterator[Row]:
        """Every row, in order; with `columns` only those, where that saves reading.

        Raises:
            UsageError: the file is no such table after all, from some row on.
        """
        return self._rows(columns)

    def _check_columns(self, columns: Sequence[str]) -> None:
        twice = {name for name in columns if name and columns.count(name) > 1}
        if twice:
            raise UsageError(f"{self.name}: two columns are called {min(twice)!r}; rename one")
        if self.is_text and len(columns) == 1:
            for other in _OTHER_DELIMITERS:
                if other != self._delimiter and other in columns[0]:
                    raise UsageError(
                        f"{self.name}: its columns seem to be parted by {other!r}, not by "
                        f"{self._delimiter!r}; pass --delimiter {other!r}"
                    )

    # -- CSV and TSV

    def _open(self) -> gzip.GzipFile | io.BufferedReader:
        return gzip.open(self.path) if self._gzip else open(self.path, "rb")

    @contextlib.contextmanager
    def _open_text(self) -> Iterator[IO[str]]:
        """The file as text: UTF-8, or UTF-16 when it says so; errors of reading are ours."""
        try:
            with self._open() as raw:
                start = raw.read(2)
                raw.seek(0)
                wide = start in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
                with io.TextIOWrapper(raw, "utf-16" if wide else "utf-8-sig", newline="") as text:
                    yield text
        except UnicodeError:
            raise UsageError(
                f"{self.name}, line {self._undecodable()} is not UTF-8; save the table as UTF-8, "
                f"or convert it: iconv -f cp1252 -t utf-8 {self.name}"
            ) from None
        except (zlib.error, EOFError, gzip.BadGzipFile) as error:
            raise UsageError(f"{self.name}: not whole gzip data: {error}") from error
        except OSError as error:
            raise UsageError(f"{self.path}: {reason(error)}") from error

    def _undecodable(self) -> int:
        """The number of the first line that is not UTF-8."""
        number = 0
        # Packed data that break off after that line are not what is wrong first.
        with contextlib.suppress(zlib.error, EOFError, OSError), self._open() as opened:
            while line := opened.readline(MAX_LINE):
                number += 1
                try:
                    line.decode()
                except UnicodeError:
                    break
        return number

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """The number and the fields of each line that is not blank, the header's too."""
        number = 0
        with self._open_text() as file:
            reader = csv.reader(_lines(file), delimiter=self._delimiter, strict=True)
            while True:
                number += 1
                try:
                    fields = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    hint = "is a quote left open?" if "limit" in str(error) else "check its quotes"
                    raise UsageError(
                        f"{self.name}, row {number} (line {reader.line_num}): {error}; {hint}"
                    ) from None
                if fields:
                    yield number, fields

    def _header(self) -> tuple[str, ...]:
        for _, fields in self._records():
            return tuple(name.strip() for name in fields)
        raise UsageError(f"{self.name} is empty; its first row names the columns")

    def _delimited(self, columns: Sequence[str] | None) -> Iterator[Row]:
        records = self._records()
        names = [name.strip() for name in next(records, (0, []))[1]]
        wanted = [
            (place, name)
            for place, name in enumerate(names)
            if name and (columns is None or name in columns)
        ]
        for number, fields in records:
            if len(fields) != len(names):
                there = "1 field" if len(fields) == 1 else f"{len(fields)} fields"
                yield Row(number, {}, f"it has {there}, the header {len(names)}")
                continue
            yield Row(number, {name: fields[place] or None for place, name in wanted})

    # -- JSON lines

    def _json_lines(self, columns: Sequence[str] | None) -> Iterator[Row]:
        with self._open_text() as file:
            for number, line in enumerate(_lines(file), 1):
                if len(line) == MAX_LINE:
                    raise UsageError(
                        f"{self.name}, line {number} is longer than {MAX_LINE:,} characters; "
                        "a row is one line"
                    )
                if line.strip():
                    yield _json_row(number, line)

    # -- Parquet

    @contextlib.contextmanager
    def _parquet_file(self) -> Iterator[Any]:
        try:
            from pyarrow import ArrowException
            from pyarrow.parquet import ParquetFile
        except ImportError as error:
            raise UsageError(
                "reading Parquet needs one more package: pip install 'lookalike[parquet]'"
            ) from error
        try:
            with ParquetFile(self.path) as file:
                yield file
        except OSError as error:
            raise UsageError(f"{self.path}: {reason(error)}") from error
        except (ArrowException, UnicodeDecodeError) as error:
            raise UsageError(f"{self.name} is no Parquet file, or is damaged: {error}") from error

    def _parquet(self, columns: Sequence[str] | None) -> Iterator[Row]:
        wanted = None if columns is None else list(columns)
        number = 0
        with self._parquet_file() as file:
            for batch in file.iter_batches(batch_size=_BATCH, columns=wanted):
                yield from _parquet_rows(number, _in_microseconds(batch))
                number += len(batch)


def _in_microseconds(batch: Any) -> Any:
    """The batch with times as fine as Python's; pandas writes nanoseconds."""
    import pyarrow as pa

    schema = pa.schema(
        field.with_type(pa.timestamp("us", field.type.tz))
        if pa.types.is_timestamp(field.type)
        else field
        for field in batch.schema
    )
    return batch.cast(schema, safe=False)


def _parquet_rows(before: int, batch: Any) -> Iterator[Row]:
    """The rows of a batch, of which each has its own complaint."""
    try:
        every = batch.to_pylist()
    except (ValueError, OverflowError) as error:
        if len(batch) > 1:
            for place in range(len(batch)):
                yield from _parquet_rows(before + place, batch.slice(place, 1))
        else:
            # Such as a date that Python cannot hold.
            yield Row(before + 1, {}, f"a value cannot be read: {error}")
        return
    for number, values in enumerate(every, before + 1):
        yield Row(number, {name: native(value) for name, value in values.items()})


def _lines(file: IO[str]) -> Iterator[str]:
    """Lines of bounded length, so that a file without line breaks is not read whole."""
    while line := file.readline(MAX_LINE):
        yield line


def _json_row(number: int, line: str) -> Row:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Row(number, {}, f"it is no JSON: {error}")
    if not isinstance(values, dict):
        return Row(number, {}, "it is no JSON object")
    return Row(number, values)
