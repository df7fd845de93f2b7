"""Adding encoders, and changing what their vectors are compared through and by which index."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lookalike.encoders.projection import Projection
from lookalike.indexes import IndexSpec, settled
from lookalike.records import EncoderSpec
from lookalike.stores.checks import as_kept, check_spec, refuse_other
from lookalike.stores.milvus import roster
from lookalike.stores.milvus.layout import Table
from lookalike.stores.milvus.roster import Member
from lookalike.stores.milvus.state import State


def add(
    state: State, spec: EncoderSpec, projection: Projection | None, index: IndexSpec | None
) -> None:
    """Add an encoder with its tables.

    Raises:
        UsageError: one of that name is there with another kind, size or fingerprint; or its kind,
            size, projection or index cannot be.
    """
    state.need_writable()
    if spec.name not in state.members:
        state.refresh()
    old = state.members.get(spec.name)
    if old is not None:
        refuse_other(old.spec, spec)
        return
    check_spec(spec)
    kept = as_kept(spec, projection)
    size = spec.size if kept is None else kept.size
    made = settled(
        index or IndexSpec(),
        "milvus",
        state.connection.version,
        vectors=0,
        dimensions=size,
        binary=spec.kind == "hash",
    )
    version = "" if kept is None else kept.version or "unnamed"
    one = Member(spec, size, version, made, 1, time.time_ns())
    tables: list[tuple[Table, tuple[str, Mapping[str, Any]]]] = [
        (state.compared(one), (made.kind, made.build))
    ]
    if kept is not None:
        tables.append((state.layout.raw(spec), ("FLAT", {})))
        state.kept.put([roster.projection_entry(one, kept)])
    # Each takes seconds, most of them waiting.
    with ThreadPoolExecutor(len(tables)) as pool:
        for done in [pool.submit(state.connection.create, *table) for table in tables]:
            done.result()
    state.kept.put([one.entry()])
    state.refresh()
