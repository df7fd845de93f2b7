"""What is known of a record and others: duplicates, decisions, files that were not added."""

from collections.abc import Iterable, Sequence

from lookalike.stores.base import Entry
from lookalike.stores.milvus import reading
from lookalike.stores.milvus.connection import pages
from lookalike.stores.milvus.expressions import among
from lookalike.stores.milvus.reading import Rows
from lookalike.stores.milvus.state import State

DECISION, SKIPPED = "decision", "skipped"
"""Kinds of kept entries about records."""

_IDS_AT_A_TIME = 1024


def allowed(
    state: State,
    entries: Sequence[Entry],
    ids: Sequence[int],
    known: set[int],
    outdated: Iterable[int],
) -> list[int | None]:
    """The link of each entry, None where there is no such record any more, or it is itself.

    `known` records are there; `outdated` ones get other bytes by one of the entries: only those
    after it can mean them.
    """
    asked = {entry.duplicate_of for entry in entries if entry.duplicate_of is not None}
    there = {key for key in asked if key in known}
    there |= set(reading.by_id(state, asked - there))
    there.difference_update(outdated)
    linked: list[int | None] = []
    for entry, key in zip(entries, ids, strict=True):
        good = entry.duplicate_of in there and entry.duplicate_of != key
        linked.append(entry.duplicate_of if good else None)
        there.add(key)
    return linked


def linked_to(state: State, ids: Sequence[int]) -> Rows:
    """Rows of the records that are linked to one of these."""
    return {row["id"]: row for row in reading.with_any(state, "duplicate_of", ids)}


def forget(state: State, ids: Sequence[int]) -> None:
    """Forget decisions about records, and skipped files that they were duplicated by."""
    for some in pages(ids, _IDS_AT_A_TIME):
        about = among(some)
        for kind in (DECISION, SKIPPED):
            found = state.kept.every(kind, f"first in {about} or second in {about}")
            state.kept.remove(kind, [entry.key for entry in found])
