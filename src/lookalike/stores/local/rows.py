"""Records as rows of the catalogue, and back."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from lookalike.attributes import plain
from lookalike.errors import UsageError
from lookalike.records import AttributeKind, Attributes, Record
from lookalike.stores.checks import check_declared

COLUMNS = (
    "id, uri, tenant, sha256, md5, size, modified_ns, width, height, format, attributes, "
    "added, updated, pixels, border, duplicate_of"
)
"""The columns of `records` in the order of the fields of `Record`."""

INSERT = f"""
    INSERT INTO records ({COLUMNS}) VALUES ({", ".join("?" * 16)})
    ON CONFLICT (id) DO UPDATE SET uri = excluded.uri, tenant = excluded.tenant,
        sha256 = excluded.sha256, md5 = excluded.md5, size = excluded.size,
        modified_ns = excluded.modified_ns, width = excluded.width, height = excluded.height,
        format = excluded.format, attributes = excluded.attributes, added = excluded.added,
        updated = excluded.updated, pixels = excluded.pixels, border = excluded.border,
        duplicate_of = excluded.duplicate_of
"""  # noqa: S608 - the columns are ours

_NONE: Mapping[str, AttributeKind] = {}
_decode: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode


def record_of(row: Sequence[Any]) -> Record:
    """The record of one row of `COLUMNS`."""
    # Written out because ten of these are a sizeable part of the time of a search.
    key, uri, tenant, sha256, md5, size, modified, width, height, kind, text, *rest = row
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
        *rest,
    )


def attributes_json(
    attributes: Attributes, uri: str, declared: Mapping[str, AttributeKind] = _NONE
) -> str:
    """A record's attributes as JSON text.

    Raises:
        UsageError: a key or value that no store can hold, or a value of another kind than was
            declared; names the record and the key.
    """
    if not attributes:
        return "{}"
    try:
        kept = plain(attributes)
        check_declared(kept, declared)
        return _encode(kept)
    except UsageError as error:
        raise UsageError(f"{uri}: {error}") from None


def in_chunks(values: Iterable[Any], size: int = 512) -> Iterator[list[Any]]:
    """Lists of at most `size` values; SQLite binds a limited number at once."""
    iterator = iter(values)
    while some := list(islice(iterator, size)):
        yield some
