"""What the engine keeps of a record so that filters run inside it.

One keyword field holds a token for each text, boolean and name of an attribute, so one index
serves equality, `in`, `startswith` and `is null` on every attribute. Numbers go into one float
field per attribute; those are indexed when a filter first uses them.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from lookalike.records import Record

TOKENS = "tokens"
LONGEST_PREFIX = 200
"""Characters of a text that its token keeps; the rest becomes a digest."""


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
    if record.attributes:
        tokens: list[str] = []
        _collect((), record.attributes, tokens, fields)
        fields[TOKENS] = tokens
    return fields


@lru_cache(maxsize=4096)
def presence(path: tuple[str, ...]) -> str:
    """The token of a record that has a value at `path`; it begins no other path's tokens."""
    return json.dumps(path, ensure_ascii=False)


def text_prefix(path: tuple[str, ...], start: str) -> str:
    """What begins the token of every text at `path` that starts with `start`."""
    return f"{presence(path)}={start}"


def text_token(path: tuple[str, ...], text: str) -> str:
    """The token of one text at `path`."""
    if len(text) > LONGEST_PREFIX:
        digest = hashlib.sha256(text.encode()).hexdigest()
        text = f"{text[:LONGEST_PREFIX]}\0{digest}"
    return text_prefix(path, text)


def truth_token(path: tuple[str, ...], truth: bool) -> str:
    """The token of true or false at `path`."""
    return f"{presence(path)}:{truth}"


@lru_cache(maxsize=4096)
def number_field(path: tuple[str, ...]) -> str:
    """The payload field of the numbers at `path`: letters, digits and underscores only."""
    escaped = re.sub(r"[^A-Za-z0-9]", lambda match: f"_{ord(match[0]):x}_", "\0".join(path))
    return f"number_{escaped}"


def _collect(
    path: tuple[str, ...], values: Mapping[str, Any], tokens: list[str], fields: dict[str, Any]
) -> None:
    for key, value in values.items():
        if value is None:
            continue
        here = (*path, key)
        tokens.append(presence(here))
        if isinstance(value, Mapping):
            _collect(here, value, tokens, fields)
            continue
        numbers = []
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, str):
                tokens.append(text_token(here, item))
            elif isinstance(item, bool):
                tokens.append(truth_token(here, item))
            elif isinstance(item, int | float):
                numbers.append(float(item))
        if numbers:
            fields[number_field(here)] = numbers
