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
from lookalike.stores.milvus.packing import nothing

NOBODY = -1
"""Stands for no record."""

_COLUMNS = ("key", "kind", "first", "second", "value")
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
        heads: list[KeptEntry] = []
        parts: list[tuple[str, str]] = []
        texts: list[str] = []
        for entry in entries:
            text = json.dumps(entry.value, allow_nan=False)
            if len(text) > _PART_CHARACTERS:
                # A value is there when its head is, and the head comes after the parts.
                cut = [
                    text[start : start + _PART_CHARACTERS]
                    for start in range(0, len(text), _PART_CHARACTERS)
                ]
                token = secrets.token_hex(8)
                parts += [(f"{_PART}:{token}:{place}", part) for place, part in enumerate(cut)]
                text = f"#{token}:{len(cut)}"
            heads.append(entry)
            texts.append(text)
        self._write([(_PART, key, NOBODY, NOBODY, text) for key, text in parts])
        self._write(
            [
                (one.kind, f"{one.kind}:{one.key}", one.first, one.second, text)
                for one, text in zip(heads, texts, strict=True)
            ]
        )

    def remove(self, kind: str, keys: Sequence[str]) -> None:
        """Forget entries by key."""
        for some in pages(keys, _AT_A_TIME):
            condition = f"key in {among(f'{kind}:{key}' for key in some)}"
            self._connection.delete(self._table.name, condition)

    def _write(self, rows: Sequence[tuple[str, str, int, int, str]]) -> None:
        for some in pages(rows, _AT_A_TIME):
            kinds, keys, firsts, seconds, texts = zip(*some, strict=True)
            columns = dict(zip(_COLUMNS, (keys, kinds, firsts, seconds, texts), strict=True))
            dummy = {self._table.vector.name: nothing(len(some))}
            self._connection.upsert(self._table, {**columns, **dummy})

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
