"""What records of a file are duplicates of, set when all of them are there."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lookalike.errors import UsageError
from lookalike.transfer.entries import entry_of

if TYPE_CHECKING:
    from lookalike.stores.base import Entry, Store

Link = tuple[str, str, str]
"""A tenant, and the uris of its record and of what that is a duplicate of."""

_ROWS = 2000


def named(columns: Sequence[Mapping[str, Any]], entries: "Sequence[Entry]") -> list[Link]:
    """The links of rows that have one.

    Raises:
        UsageError: one is no text.
    """
    found = []
    for row, entry in zip(columns, entries, strict=True):
        original = row.get("duplicate_of")
        if original is not None and not isinstance(original, str):
            raise UsageError(f"duplicate_of: {original!r} is no text")
        if original:
            found.append((entry.tenant, entry.uri, original))
    return found


def write(store: "Store", links: Sequence[Link]) -> None:
    """Set links between records that are there; the others are passed over."""
    for start in range(0, len(links), _ROWS):
        some = links[start : start + _ROWS]
        changed = []
        for tenant in {link[0] for link in some}:
            pairs = [(uri, original) for owner, uri, original in some if owner == tenant]
            records = store.find(list({uri for pair in pairs for uri in pair}), tenant)
            for uri, original in pairs:
                record, there = records.get(uri), records.get(original)
                if record is None or there is None or there.id in {record.id, record.duplicate_of}:
                    continue
                changed.append(entry_of(record, record.id, there.id))
        if changed:
            store.upsert(changed)
