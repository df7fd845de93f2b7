"""Records and their vectors from the source into the target, pass by pass."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lookalike.errors import UsageError
from lookalike.filters import Field, IsNull, Not, all_of
from lookalike.transfer import state as kept
from lookalike.transfer.entries import entries_of, entry_of
from lookalike.transfer.overlap import ahead, in_turn
from lookalike.transfer.part import Part, by_uri, changed_since, later
from lookalike.transfer.state import State

if TYPE_CHECKING:
    from lookalike.records import Record
    from lookalike.stores.base import Entry, Progress, Store

MARGIN_S = 60.0
"""How far before the beginning of a pass the next one looks for changes: a write that was under
way, and clocks of several machines that differ."""
MOST_PASSES = 5
WRITERS = 3
"""Batches that are on their way to a store of many writers at a time."""
_KEEP_EVERY_S = 2.0
_LINKED = Not(IsNull(Field(("duplicate_of",), system=True)))


@dataclass(frozen=True, slots=True)
class Written:
    """How many records were written, and how many the target had just so.

    `settled` says that the source was not changed any more at the end.
    """

    records: int
    unchanged: int
    settled: bool


def write_records(
    source: "Store", target: "Store", part: Part, key: str, progress: "Progress | None"
) -> Written:
    """Copy all records, going on from where an earlier copy was, then those changed meanwhile.

    `key` is that of the progress in the target.
    """
    state = kept.read(target, key)
    if state is None:
        state = State(source.address, time.time())
    elif state.done:
        state = replace(state, begun=time.time(), since=state.begun, after=-1, done=False)
    records = unchanged = 0
    for run in range(MOST_PASSES):
        changed, same = _pass(source, target, part, key, state, progress)
        # What this copy wrote is not what was there before.
        unchanged = same if run == 0 and state.since is not None else unchanged
        records += changed
        settled = state.since is not None and not changed
        state = State(source.address, time.time(), state.begun)
        kept.write(target, key, state)
        if settled:
            break
    return Written(records, unchanged, settled)


def _pass(
    source: "Store",
    target: "Store",
    part: Part,
    key: str,
    state: State,
    progress: "Progress | None",
) -> tuple[int, int]:
    """One pass over all records, or those changed since; how many were written, and how many not.

    The place it has come to is kept after what was written, so nothing is passed over.
    """
    since = None if state.since is None else state.since - MARGIN_S
    changes = None if since is None else changed_since(since)
    total = source.count(all_of(part.where, changes, later(state.after)))
    stage = "copy" if since is None else "copy what changed"
    done = written = 0
    saved = time.monotonic()
    batches = ahead(_prepared(source, target, part, state.after, since))
    for entries, seen, last in in_turn(
        lambda batch: _put(target, batch[0]), batches, WRITERS if target.many_writers else 1
    ):
        done, written = done + seen, written + len(entries)
        if time.monotonic() - saved >= _KEEP_EVERY_S:
            kept.write(target, key, replace(state, after=last))
            saved = time.monotonic()
        if progress is not None:
            progress(stage, done, max(done, total))
    return written, done - written


def _put(target: "Store", entries: "Sequence[Entry]") -> None:
    """Upsert; a picture that has another id in the source than when it was copied gets that."""
    if not entries:
        return
    try:
        target.upsert(entries)
    except UsageError:
        own = {(one.tenant, one.uri): one.id for one in entries if one.id is not None}
        there = by_uri(target, own)
        stale = [other.id for key, other in there.items() if other.id != own[key]]
        if not stale:
            raise
        target.delete(stale)
        target.upsert(entries)


def _prepared(
    source: "Store", target: "Store", part: Part, after: int, since: float | None
) -> "Iterator[tuple[list[Entry], int, int]]":
    """Entries to write, how many records they were found among, and the last of their ids."""
    for records in part.batches(source, after=after, since=since):
        fresh = records
        if since is not None:
            there = part.counterparts(target, records)
            fresh = [
                record
                for record, other in zip(records, there, strict=True)
                if other is None or not same(record, other)
            ]
        yield entries_of(source, part, fresh), len(records), records[-1].id


def same(record: "Record", other: "Record") -> bool:
    """Whether the other store has a record just so, but for ids and what is taken when needed."""
    pixels = other.pixels if record.pixels and other.pixels else record.pixels
    return record == replace(other, id=record.id, duplicate_of=record.duplicate_of, pixels=pixels)


def write_links(
    source: "Store", target: "Store", part: Part, progress: "Progress | None" = None
) -> tuple[int, int]:
    """Set `duplicate_of` where it could not be set yet, since what it means came later.

    Returns:
        How many were set, and how many cannot be, since what they mean is not in the target.
    """
    total = source.count(all_of(part.where, _LINKED))
    seen = written = lost = 0
    for records in part.batches(source, also=_LINKED):
        wanted = [record.duplicate_of for record in records if record.duplicate_of is not None]
        ids = part.translated(source, target, wanted)
        entries = []
        for record, other in zip(records, part.counterparts(target, records), strict=True):
            link = None if record.duplicate_of is None else ids.get(record.duplicate_of)
            lost += link is None
            if other is not None and link not in {None, other.duplicate_of}:
                entries.append(entry_of(record, other.id, link))
        if entries:
            target.upsert(entries)
        seen, written = seen + len(records), written + len(entries)
        if progress is not None:
            progress("link duplicates", seen, max(seen, total))
    return written, lost
