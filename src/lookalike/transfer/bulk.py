"""Records and vectors into an empty collection on a Milvus server by bulk insert."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.errors import UsageError
from lookalike.stores.milvus import bulk
from lookalike.stores.milvus.files import schema_of
from lookalike.stores.milvus.staging import Staged, Staging
from lookalike.stores.milvus.store import MilvusStore
from lookalike.transfer.tabulated import EncoderTables, write_tables

if TYPE_CHECKING:
    from lookalike.stores.base import Progress, Store
    from lookalike.transfer.part import Part


def bulk_records(
    source: "Store",
    target: "Store",
    part: "Part",
    staging: Staging,
    progress: "Progress | None" = None,
) -> int:
    """Write files, have the server read them, and see that all rows are there.

    Returns:
        How many records.

    Raises:
        StoreError: the server could not read the files, or lost some.
    """
    assert isinstance(target, MilvusStore)
    state = target._state
    names = {spec.name for spec in part.specs}
    encoders = [
        EncoderTables(
            one.spec,
            target.projection(one.spec.name) if one.spec.kind == "embedding" else None,
            state.compared(one),
            state.layout.raw(one.spec) if one.has_raw else None,
        )
        for one in state.members.values()
        if one.spec.name in names
    ]
    with tempfile.TemporaryDirectory(prefix="lookalike-bulk-") as scratch:
        staged = Staged(staging, state.address, Path(scratch))
        try:
            files = write_tables(source, part, state.layout, encoders, staged.folder, progress)
            bulk.insert_all(state, files, staged, progress)
        finally:
            staged.remove()
    return files[state.records.name].rows


def refuse_bulk(target: "Store", part: "Part", place: str) -> Staging:
    """See that a bulk insert of a part into a target can be made, by way of a place.

    Returns:
        The place.

    Raises:
        MissingExtraError: pyarrow is not installed.
        UsageError: it cannot; says what to do.
    """
    if not isinstance(target, MilvusStore):
        raise UsageError(
            f"{target.address} is no Milvus server, and --bulk is for those: copy without it"
        )
    if part.ids != "keep":
        raise UsageError("--bulk keeps the ids of the source: copy without --ids new, or --bulk")
    schema_of(target._state.records)  # needs the package that the files need
    staging = Staging.parse(place)
    bulk.refuse(target._state)
    return staging
