"""What belongs to a collection as a whole, as rows of a Milvus server's table of what is kept."""

import time
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from lookalike.indexes import IndexSpec, search_parameters, settled
from lookalike.stores.milvus import roster
from lookalike.stores.milvus.capabilities import OLDEST
from lookalike.stores.milvus.files import TableFiles
from lookalike.stores.milvus.head import foreign_entry, head_entry
from lookalike.stores.milvus.keeping import decision_entry, setting_entry, skipped_entry
from lookalike.stores.milvus.kept import columns_of, rows_of
from lookalike.transfer.belongings import settings_of
from lookalike.transfer.part import ROWS

if TYPE_CHECKING:
    from lookalike.stores.base import Store
    from lookalike.stores.milvus.kept import KeptEntry
    from lookalike.stores.milvus.layout import Layout
    from lookalike.transfer.part import Part
    from lookalike.transfer.tabulated import EncoderTables


def members_of(encoders: "Sequence[EncoderTables]", rows: Sequence[int]) -> list[roster.Member]:
    """Encoders as a collection knows them, with indexes for so many vectors that servers have."""
    found = []
    for one, count in zip(encoders, rows, strict=True):
        size, binary = one.compared.vector.size, one.spec.kind == "hash"
        index = settled(
            IndexSpec(), "milvus", OLDEST, vectors=count, dimensions=size, binary=binary
        )
        index = index.with_search(search_parameters(index, "milvus", 1))
        version = "" if one.projection is None else one.projection.version or "unnamed"
        found.append(roster.Member(one.spec, size, version, index, 1, time.time_ns()))
    return found


def write_kept(
    source: "Store",
    part: "Part",
    layout: "Layout",
    encoders: "Sequence[EncoderTables]",
    members: Sequence[roster.Member],
    made: TableFiles,
) -> None:
    """Write what a collection of that layout is, and what is kept with it, into a table's files."""
    entries = [head_entry(layout.declared), foreign_entry()]
    entries += [one.entry() for one in members]
    entries += [
        roster.projection_entry(member, one.projection)
        for one, member in zip(encoders, members, strict=True)
        if one.projection is not None
    ]
    entries += [setting_entry(*pair) for pair in settings_of(source).items()]
    _append(made, entries)
    decisions = iter(source.decisions())
    while some := list(islice(decisions, ROWS)):
        there = _there(source, part, {key for one in some for key in (one.first, one.second)})
        _append(made, [decision_entry(one) for one in some if {one.first, one.second} <= there])
    files = source.all_skipped()
    while part_of := list(islice(files, ROWS)):
        there = _there(source, part, {file.duplicate_of for file in part_of})
        _append(made, [skipped_entry(file) for file in part_of if file.duplicate_of in there])


def _there(source: "Store", part: "Part", ids: set[int]) -> set[int]:
    """Those of these records that the part has."""
    found = (record for record in source.get(list(ids)) if record is not None)
    return {one.id for one in found if part.where is None or part.where.matches(one)}


def _append(made: TableFiles, entries: "Sequence[KeptEntry]") -> None:
    for rows in rows_of(entries):
        if rows:
            made.append(columns_of(made.table, rows))
