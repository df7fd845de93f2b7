"""Records as rows of the tables, and back."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from lookalike.attributes import plain
from lookalike.errors import UsageError
from lookalike.records import AttributeKind, Record
from lookalike.stores.milvus import filterable
from lookalike.stores.milvus.filterable import ABSENT, ABSENT_TEXT
from lookalike.stores.milvus.layout import HAS, MAX_JSON, MAX_TEXT, MAX_WORD

Row = dict[str, Any]
"""What the columns of one row hold; those of JSON as Python values, or as encoded bytes."""

_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode
_EMPTY = b"{}"


def record_of(row: Mapping[str, Any]) -> Record:
    """The record of a row, whichever table it is from."""
    get = row.__getitem__
    return Record(
        get("id"),
        get("uri"),
        get("tenant"),
        _bytes(get("sha256")),
        _bytes(get("md5")),
        _number(get("size")),
        _number(get("modified_ns")),
        _number(get("width")),
        _number(get("height")),
        get("format") or None,
        value_of(get("attributes")),
        get("added"),
        get("updated"),
        _bytes(get("pixels")),
        get("border") or None,
        _number(get("duplicate_of")),
    )


def row_of(
    record: Record, declared: Mapping[str, AttributeKind], written: float | None = None
) -> Row:
    """The columns of a record but `has`; what is JSON is encoded.

    `written` is when, in seconds since the epoch, where the record's `updated` does not say it.

    Raises:
        UsageError: something is longer than the server can keep, or of another kind than was
            declared; names the record.
    """
    _fits(record.uri, record.uri, "the uri", MAX_TEXT)
    _fits(record.tenant, record.uri, "the tenant", MAX_TEXT)
    for word in (record.format, record.border):
        _fits(word or "", record.uri, f"the word {word!r:.50}", MAX_WORD)
    row: Row = {
        "id": record.id,
        "uri": record.uri,
        "tenant": record.tenant,
        "sha256": _hex(record.sha256),
        "md5": _hex(record.md5),
        "pixels": _hex(record.pixels),
        "format": record.format or ABSENT_TEXT,
        "border": record.border or ABSENT_TEXT,
        "size": _present(record.size),
        "modified_ns": _present(record.modified_ns),
        "width": _present(record.width),
        "height": _present(record.height),
        "duplicate_of": _present(record.duplicate_of),
        "added": record.added,
        "updated": record.updated,
    }
    stamp = {} if written is None else {filterable.WRITTEN: int(written)}
    if not record.attributes and not declared:
        row["attributes"], row[filterable.COLUMN] = _EMPTY, encoded(stamp)
        return row
    try:
        attributes = plain(record.attributes)
        row["attributes"] = encoded(attributes)
        if declared:
            row |= filterable.attribute_columns(attributes, declared)
    except UsageError as error:
        raise UsageError(f"{record.uri}: {error}") from None
    row[filterable.COLUMN] = encoded(filterable.form(attributes, declared) | stamp)
    for column in ("attributes", filterable.COLUMN):
        if len(row[column]) > MAX_JSON:
            raise UsageError(
                f"{record.uri}: its attributes take {len(row[column]):,} bytes as JSON, and a "
                f"Milvus server keeps at most {MAX_JSON:,}: leave some out."
            )
    for name, kind in declared.items():
        if kind == "text":
            column = filterable.attribute_column(name)
            _fits(row[column], record.uri, f"the attribute {name}", MAX_TEXT)
    return row


def has_of(row: Mapping[str, Any]) -> dict[str, int]:
    """By encoder, the quality of the vector that the record has, −1 where none is known."""
    has: dict[str, int] = value_of(row[HAS])
    return has


def encoded(value: Any) -> bytes:
    """A value as JSON."""
    return _encode(value).encode() if value else _EMPTY


def value_of(column: Any) -> Any:
    """The value of a column of JSON, encoded or not."""
    return json.loads(column) if isinstance(column, bytes) else column


def _fits(text: str, uri: str, what: str, most: int) -> None:
    if len(text) * 4 > most and len(text.encode()) > most:
        raise UsageError(
            f"{uri[:200]}: {what} takes {len(text.encode()):,} bytes, and a Milvus server keeps at "
            f"most {most:,}: make it shorter."
        )


def _hex(digest: bytes | None) -> str:
    return "" if digest is None else digest.hex()


def _bytes(text: str) -> bytes | None:
    return bytes.fromhex(text) if text else None


_present: Callable[[int | None], int] = lambda value: ABSENT if value is None else int(value)  # noqa: E731


def _number(value: int) -> int | None:
    return None if value == ABSENT else value
