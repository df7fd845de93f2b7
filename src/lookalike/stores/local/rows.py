"""Records as rows of the catalogue, and back."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lookalike.errors import UsageError
from lookalike.records import Attributes, Record

COLUMNS = (
    "id, uri, tenant, sha256, md5, size, modified_ns, width, height, format, attributes, "
    "added, updated"
)
"""The columns of `records` in the order of the fields of `Record`."""

INSERT = f"""
    INSERT INTO records ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET uri = excluded.uri, tenant = excluded.tenant,
        sha256 = excluded.sha256, md5 = excluded.md5, size = excluded.size,
        modified_ns = excluded.modified_ns, width = excluded.width, height = excluded.height,
        format = excluded.format, attributes = excluded.attributes, updated = excluded.updated
"""  # noqa: S608 - the columns are ours

_MAX_NESTING = 8
_INT64 = range(-(2**63), 2**63)
_decode: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode


def record_of(row: Sequence[Any]) -> Record:
    """The record of one row of `COLUMNS`."""
    # Written out because ten of these are a sizeable part of the time of a search.
    key, uri, tenant, sha256, md5, size, modified, width, height, kind, text, added, updated = row
    attributes = {} if text == "{}" else _decode(text, 0)[0]
    return Record(
        key,
        uri,
        tenant,
        sha256,
        md5,
        size,
        modified,
        width,
        height,
        kind,
        attributes,
        added,
        updated,
    )


def row_of(record: Record, attributes: str) -> tuple[Any, ...]:
    """The values of `COLUMNS` for one record, `attributes` being its attributes as JSON."""
    return (
        record.id,
        record.uri,
        record.tenant,
        record.sha256,
        record.md5,
        record.size,
        record.modified_ns,
        record.width,
        record.height,
        record.format,
        attributes,
        record.added,
        record.updated,
    )


def attributes_json(attributes: Attributes, uri: str) -> str:
    """A record's attributes as JSON text.

    Raises:
        UsageError: a key or value that no store can hold; names the record and the key.
    """
    if not attributes:
        return "{}"
    return _encode(_checked(attributes, uri, (), 0))


def check_text(text: str, what: str) -> None:
    """Refuse text that the catalogue cannot keep as it is.

    Raises:
        UsageError: a NUL character, or a half of a surrogate pair.
    """
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        encoded = b"\0"
    if 0 in encoded:
        raise UsageError(f"{what} {text!r} is not valid Unicode text, or holds a NUL: change it.")


def _checked(value: Any, uri: str, path: tuple[str, ...], depth: int) -> Any:
    """The value as plain JSON types, NumPy's scalars and arrays included."""
    if isinstance(value, str):
        check_text(value, f"{uri}: attribute {'.'.join(path)}")
        return value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, np.generic | np.ndarray):
        return _checked(value.item() if value.ndim == 0 else value.tolist(), uri, path, depth)
    if isinstance(value, int):
        if value in _INT64:
            return int(value)
        raise _refused(uri, path, f"{value} does not fit 64 bits: store it as text")
    if isinstance(value, float):
        if value - value == 0:
            return float(value)
        raise _refused(uri, path, f"{value} is not a number that can be compared: leave it out")
    if depth >= _MAX_NESTING:
        raise _refused(uri, path, f"nested deeper than {_MAX_NESTING} levels: flatten it")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise _refused(uri, path, f"the key {key!r} is not text: use str(...)")
            check_text(key, f"{uri}: attribute name")
        return {key: _checked(item, uri, (*path, key), depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_checked(item, uri, path, depth + 1) for item in value]
    raise _refused(
        uri, path, f"{type(value).__name__} cannot be stored: use text, numbers, booleans or lists"
    )


def _refused(uri: str, path: tuple[str, ...], complaint: str) -> UsageError:
    return UsageError(f"{uri}: attribute {'.'.join(path) or '(all)'}: {complaint}.")
