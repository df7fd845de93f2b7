"""What entries become of the records that are there, the same in every store."""

from collections.abc import Iterator, Sequence
from typing import Any

from lookalike.records import Record
from lookalike.stores.base import Entry


def without_repeats(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """The entries in order, cut so that no group names the same record twice."""
    group: list[Entry] = []
    keys: set[Any] = set()
    for entry in entries:
        own = {(entry.tenant, entry.uri)} | (set() if entry.id is None else {entry.id})
        if not keys.isdisjoint(own):
            yield group
            group, keys = [], set()
        group.append(entry)
        keys |= own
    if group:
        yield group


def has_other_bytes(entry: Entry, old: Record) -> bool:
    """Whether the entry's picture is another than the record's, as far as is known."""
    return None not in {entry.sha256, old.sha256} and entry.sha256 != old.sha256


def merged(entry: Entry, key: int, old: Record | None, link: int | None, now: float) -> Record:
    """The record that an entry makes, of the one that was there before or of none.

    `link` is the id that it is a duplicate of, as far as that is there; `now` is seconds since the
    epoch.
    """
    facts = (
        entry.sha256,
        entry.md5,
        entry.size,
        entry.modified_ns,
        entry.width,
        entry.height,
        entry.format,
    )
    if old is not None and all(fact is None for fact in facts):
        # Vectors computed elsewhere come without the picture's facts: keep what is known.
        facts = (
            old.sha256,
            old.md5,
            old.size,
            old.modified_ns,
            old.width,
            old.height,
            old.format,
        )
    pixels, border = entry.pixels, entry.border
    if old is not None and not has_other_bytes(entry, old):
        pixels = pixels or old.pixels
        border = border or old.border
        link = old.duplicate_of if link is None else link
    attributes = entry.attributes
    if attributes is None:
        attributes = {} if old is None else old.attributes
    added = entry.added
    if added is None:
        added = now if old is None else old.added
    updated = now if entry.updated is None else entry.updated
    return Record(
        key, entry.uri, entry.tenant, *facts, attributes, added, updated, pixels, border, link
    )
