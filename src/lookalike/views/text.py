"""Text that is safe to show: names of files may hold anything."""

import json
import unicodedata
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from lookalike.records import Hit
    from lookalike.results import Results

_JOINERS = "\u200c\u200d"
"""Not printable alone, but parts of emoji and of some scripts' words."""


def printable(text: str) -> str:
    """The text on one line that every terminal takes.

    Line breaks, escape sequences, overrides of the writing direction and bytes that are no text
    become backslash escapes.
    """
    return "".join(char if _shows(char) else _escape(char) for char in text)


def _shows(char: str) -> bool:
    return char.isprintable() or char in _JOINERS or unicodedata.category(char) == "Zs"


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def name_of(uri: str) -> str:
    """The short name of a record: its file's name, or the last part of its URL."""
    if "://" not in uri:
        return printable(PurePath(uri).name or uri)
    try:
        parts = urlsplit(uri)
    except ValueError:
        return printable(uri)
    name = unquote(parts.path.rstrip("/").rpartition("/")[2])
    return printable(name or parts.netloc or uri)


def caption(hit: "Hit", label: str | None) -> str:
    """What a hit is called where it is shown: an attribute, or its file's name without one."""
    value = hit.attributes.get(label) if label is not None else None
    return name_of(hit.uri) if value is None or value == "" else value_of(value)


def value_of(value: Any) -> str:
    """An attribute's value for people: `red, pink`, `12.5`, `true`; a nested one as JSON."""
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case list() | tuple():
            return ", ".join(map(value_of, value))
        case dict():
            return printable(json.dumps(value, ensure_ascii=False))
    return printable(str(value))


def shorten(text: str, length: int) -> str:
    """At most `length` characters; the middle is left out, so that a suffix stays readable."""
    if len(text) <= length:
        return text
    tail = (length - 1) // 3
    return f"{text[: length - 1 - tail]}…{text[len(text) - tail :] if tail else ''}"


def milliseconds(value: float) -> str:
    """A time for people: two digits that matter, at most."""
    if value >= 1000:
        return f"{value / 1000:.1f} s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def size(count: float) -> str:
    """A number of bytes for people, in powers of 1,024."""
    if count < 1024:
        return f"{count:.0f} bytes"
    for unit in ("KiB", "MiB", "GiB"):
        count /= 1024
        if count < 1024:
            return f"{count:.0f} {unit}" if count >= 100 else f"{count:.1f} {unit}"
    return f"{count / 1024:,.1f} TiB"


def summary(results: "Results") -> str:
    """How many hits, by which encoder, and where the time went."""
    took = results.took_ms
    parts = {"decode": took.decode, "encode": took.encode, "search": took.search}
    steps = took.steps or parts
    times = ", ".join(f"{name} {milliseconds(value)}" for name, value in steps.items() if value)
    hits = "1 hit" if len(results) == 1 else f"{len(results):,} hits"
    return f"{hits} by {printable(results.encoder)}" + (f" · {times}" if times else "")
