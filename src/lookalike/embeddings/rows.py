"""A record's fields as columns that any format can hold, and back."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.attributes import check_text, plain
from lookalike.errors import UsageError
from lookalike.records import MAX_ID, Record
from lookalike.stores.base import Entry

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEXTS = (
    "uri",
    "tenant",
    "sha256",
    "md5",
    "format",
    "pixels",
    "border",
    "trimmed",
    "duplicate_of",
    "attributes",
)
"""Columns of text; digests and trimmed hashes are hexadecimal, attributes one JSON object.

`duplicate_of` is the uri of that record, of the same tenant: ids may be others after an import.
"""
NUMBERS = ("id", "size", "modified_ns", "width", "height", "quality")
"""Columns of int64, in the units of `Record`."""
COLUMNS = ("id", *TEXTS[:4], *NUMBERS[1:5], "format", "attributes", "quality", *TEXTS[5:9])
"""All of them, in the order in which files have them."""

_INT64 = range(-(2**63), 2**63)


def columns_of(
    record: Record,
    quality: int | None = None,
    trimmed: "NDArray[np.uint8] | None" = None,
    original: str | None = None,
) -> dict[str, Any]:
    """A record's columns; None where it has no value.

    `trimmed` is its hash without borders, `original` the uri of what it is a duplicate of.
    """
    return {
        "id": record.id,
        "uri": record.uri,
        "tenant": record.tenant,
        "sha256": None if record.sha256 is None else record.sha256.hex(),
        "md5": None if record.md5 is None else record.md5.hex(),
        "size": record.size,
        "modified_ns": record.modified_ns,
        "width": record.width,
        "height": record.height,
        "format": record.format,
        "attributes": json.dumps(dict(record.attributes), ensure_ascii=False),
        "quality": quality,
        "pixels": None if record.pixels is None else record.pixels.hex(),
        "border": record.border,
        "trimmed": None if trimmed is None else trimmed.tobytes().hex(),
        "duplicate_of": original,
    }


def entry_of(columns: Mapping[str, Any], tenant: str | None, encoder: str) -> Entry:
    """The entry of one row, without its vector and link; columns that are not there are None.

    Raises:
        UsageError: a value is not what the column holds, or there is neither id nor uri.
    """
    values = {name: columns.get(name) for name in COLUMNS}
    for name in NUMBERS:
        value = values[name]
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise UsageError(f"{name}: {value!r} is no integer")
        if value is not None and value not in _INT64:
            raise UsageError(f"{name}: {value} does not fit 64 bits")
    for name in TEXTS[:-1]:
        if values[name] is not None and not isinstance(values[name], str):
            raise UsageError(f"{name}: {values[name]!r} is no text")
        check_text(values[name] or "", f"the {name}")
    number, uri = values["id"], values["uri"]
    if number is not None and not 0 <= number <= MAX_ID:
        raise UsageError(f"the id {number} is not within 0 and 2^63 − 1")
    if number is None and not uri:
        raise UsageError("it has neither an id nor a uri")
    quality = values["quality"]
    return Entry(
        uri=uri or f"id:{number}",
        tenant=(values["tenant"] or "") if tenant is None else tenant,
        id=number,
        sha256=_digest("sha256", values["sha256"], 32),
        md5=_digest("md5", values["md5"], 16),
        size=values["size"],
        modified_ns=values["modified_ns"],
        width=values["width"],
        height=values["height"],
        format=values["format"],
        attributes=_attributes(values["attributes"]),
        qualities={} if quality is None else {encoder: quality},
        trimmed=_trimmed(values["trimmed"], encoder),
        pixels=_digest("pixels", values["pixels"], 16),
        border=values["border"] or None,
    )


def _trimmed(text: str | None, encoder: str) -> "dict[str, NDArray[np.uint8]]":
    if not text:
        return {}
    try:
        return {encoder: np.frombuffer(bytes.fromhex(text), np.uint8)}
    except ValueError:
        raise UsageError(f"trimmed: {text[:80]!r} is no hash in hexadecimal") from None


def _digest(name: str, text: str | None, length: int) -> bytes | None:
    if not text:
        return None
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(digest) != length:
        raise UsageError(f"{name}: {text[:80]!r} is no digest of {length} bytes in hexadecimal")
    return digest


def _attributes(given: Any) -> dict[str, Any] | None:
    if given is None or given == "":
        return None
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"attributes: {error}") from None
    return plain(given)
