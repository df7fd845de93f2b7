"""What the engine keeps of a record so that filters run inside it.

Every attribute has a field for its texts and booleans, which the engine matches as keywords, and
one for its numbers. A value of a type that no filter compares leaves a mark, so that it is not
taken for null.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal

from lookalike.records import AttributeKind, Record
from lookalike.stores.keys import key_of

LONGEST_PREFIX = 200
"""Characters of a text that its keyword keeps; the rest becomes a digest."""

_MARK = ""


def payload(record: Record) -> dict[str, Any]:
    """A record's payload."""
    fields: dict[str, Any] = {
        "uri": record.uri,
        "tenant": record.tenant,
        "added": record.added,
        "updated": record.updated,
    }
    if record.size is not None:
        fields["size"] = record.size
    if record.modified_ns is not None:
        fields["modified"] = record.modified_ns / 1e9
    if record.width is not None:
        fields["width"] = record.width
    if record.height is not None:
        fields["height"] = record.height
    if record.format is not None:
        fields["format"] = record.format
    if record.duplicate_of is not None:
        fields["duplicate_of"] = record.duplicate_of
    if record.attributes:
        _collect((), record.attributes, fields)
    return fields


def same_payload(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two payloads are equal, but for the last bits that the engine's decimals lose."""
    return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-14)
    return bool(one == other)


@lru_cache(maxsize=4096)
def text_field(path: tuple[str, ...]) -> str:
    """The field of the texts and booleans at `path`."""
    return f"text_{key_of(path)}"


@lru_cache(maxsize=4096)
def number_field(path: tuple[str, ...]) -> str:
    """The field of the numbers at `path`."""
    return f"number_{key_of(path)}"


def declared_fields(
    declared: Mapping[str, AttributeKind],
) -> Iterator[tuple[str, Literal["keyword", "number"]]]:
    """The fields of declared attributes, and what the engine should index them as."""
    for name, kind in declared.items():
        if kind == "number":
            yield number_field((name,)), "number"
        else:
            yield text_field((name,)), "keyword"


def text_start(start: str) -> str:
    """What begins the keyword of every text that starts with `start`."""
    return f"={start}"


def text_keyword(text: str) -> str:
    """The keyword of one text."""
    if len(text) > LONGEST_PREFIX:
        digest = hashlib.sha256(text.encode()).hexdigest()
        text = f"{text[:LONGEST_PREFIX]}\0{digest}"
    return text_start(text)


def truth_keyword(truth: bool) -> str:
    """The keyword of true or false."""
    return ":true" if truth else ":false"


def _collect(path: tuple[str, ...], values: Mapping[str, Any], fields: dict[str, Any]) -> None:
    for key, value in values.items():
        here = (*path, key)
        # One plain value is the common case; a list of one costs the engine ten times more.
        if isinstance(value, str):
            fields[text_field(here)] = text_keyword(value)
        elif isinstance(value, bool):
            fields[text_field(here)] = truth_keyword(value)
        elif isinstance(value, int | float):
            fields[number_field(here)] = value
        elif isinstance(value, Mapping):
            fields[text_field(here)] = _MARK
            _collect(here, value, fields)
        elif value is not None:
            keywords = [text_keyword(item) for item in value if isinstance(item, str)]
            keywords += [truth_keyword(item) for item in value if isinstance(item, bool)]
            numbers = [item for item in value if _is_number(item)]
            fields[text_field(here)] = keywords or _MARK
            if numbers:
                fields[number_field(here)] = numbers


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
