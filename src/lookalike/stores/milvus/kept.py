"""What belongs to a collection as a whole: entries of JSON by kind and key, in one table."""

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lookalike.stores.milvus.connection import Connection, pages
from lookalike.stores.milvus.expressions import among
from lookalike.stores.milvus.filter_terms import quoted
from lookalike.stores.milvus.layout import MAX_TEXT, Table
from lookalike.stores.milvus.packing import Values, nothing

NOBODY = -1
"""Stands for no record."""

_COLUMNS = ("key", "kind", "first", "second", "value")
Row = tuple[str, str, int, int, str]
"""What these columns hold."""
_PART = "part"
_PART_CHARACTERS = MAX_TEXT // 4
"""A character takes up to 4 bytes."""
_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """One entry: `value` is what JSON can hold, `first` and `second` the records it is about."""

    kind: str
    key: str
    value: Any
    first: int = NOBODY
    second: int = NOBODY


class KeptTable:
    """The entries of one collection."""

    def __init__(self, connection: Connection, table: Table) -> None:
        self._connection = connection
        self._table = table

    def get(self, kind: str, keys: Sequence[str]) -> dict[str, Any]:
        """Values by key; absent ones are left out."""
        found = {}
        for some in pages(keys, _AT_A_TIME):
            condition = f"key in {among(f'{kind}:{key}' for key in some)}"
            for entry in self._entries(condition):
                found[entry.key] = entry.value
        return found

    def every(self, kind: str, condition: str = "") -> Iterator[KeptEntry]:
        """All entries of a kind that match, in order of their keys."""
        last = ""
        while True:
            parts = [f"kind == {quoted(kind)}", f"key > {quoted(last)}"]
            parts += [f"({condition})"] if condition else []
            found = self._entries(" and ".join(parts), _AT_A_TIME)
            yield from sorted(found, key=lambda entry: entry.key)
            if len(found) < _AT_A_TIME:
                return
            last = f"{kind}:{max(entry.key for entry in found)}"

    def put(self, entries: Sequence[KeptEntry]) -> None:
        """Write entries, in place of those of the same kind and key."""
        for rows in rows_of(entries):
            for some in pages(rows, _AT_A_TIME):
                self._connection.upsert(self._table, columns_of(self._table, some))

    def remove(self, kind: str, keys: Sequence[str]) -> None:
        """Forget entries by key."""
        for some in pages(keys, _AT_A_TIME):
            condition = f"key in {among(f'{kind}:{key}' for key in some)}"
            self._connection.delete(self._table.name, condition)

    def _entries(self, condition: str, limit: int | None = None) -> list[KeptEntry]:
        rows = self._connection.query(self._table.name, condition, _COLUMNS, limit=limit)
        return [
            KeptEntry(
                row["kind"],
                row["key"].partition(":")[2],
                json.loads(self._whole(row["value"])),
                row["first"],
                row["second"],
            )
            for row in rows
        ]

    def _whole(self, text: str) -> str:
        if not text.startswith("#"):
            return text
        token, _, count = text[1:].partition(":")
        keys = [f"{_PART}:{token}:{place}" for place in range(int(count))]
        rows = self._connection.query(self._table.name, f"key in {among(keys)}", _COLUMNS)
        parts = {row["key"]: row["value"] for row in rows}
        return "".join(parts[key] for key in keys)


def rows_of(entries: Sequence[KeptEntry]) -> tuple[list[Row], list[Row]]:
    """Parts of values that are too long for a row, and then the entries themselves."""
    parts: list[Row] = []
    heads: list[Row] = []
    for one in entries:
        text = json.dumps(one.value, allow_nan=False)
        if len(text) > _PART_CHARACTERS:
            # A value is there when its head is, and the head comes after the parts.
            cut = [
                text[start : start + _PART_CHARACTERS]
                for start in range(0, len(text), _PART_CHARACTERS)
            ]
            token = secrets.token_hex(8)
            parts += [
                (f"{_PART}:{token}:{place}", _PART, NOBODY, NOBODY, part)
                for place, part in enumerate(cut)
            ]
            text = f"#{token}:{len(cut)}"
        heads.append((f"{one.kind}:{one.key}", one.kind, one.first, one.second, text))
    return parts, heads


def columns_of(table: Table, rows: Sequence[Row]) -> dict[str, Values]:
    """Rows, one at least, as columns of the table of what is kept."""
    columns: dict[str, Values] = dict(zip(_COLUMNS, zip(*rows, strict=True), strict=True))
    return {**columns, table.vector.name: nothing(len(rows))}
