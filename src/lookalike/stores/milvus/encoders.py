"""Adding encoders, and changing what their vectors are compared through."""

import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from lookalike.encoders.projection import Projection
from lookalike.indexes import IndexSpec
from lookalike.records import EncoderSpec
from lookalike.stores.base import Progress
from lookalike.stores.checks import as_kept, check_spec, refuse_other
from lookalike.stores.milvus import building, indexing, roster, trying, vectors
from lookalike.stores.milvus.layout import HAS, Table
from lookalike.stores.milvus.roster import Member
from lookalike.stores.milvus.rows import record_of, row_of
from lookalike.stores.milvus.state import State
from lookalike.stores.milvus.tables import Batch, compared_rows
from lookalike.stores.space import Space


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
    one = _member(state, spec, kept, index or IndexSpec(), 0, 1)
    trying.probe(state.connection, one.index, one.size)
    make_tables(state, one, kept)
    state.kept.put([one.entry()])
    state.refresh()


def set_projection(
    state: State, one: Member, projection: Projection | None, progress: Progress | None
) -> None:
    """Compare an encoder's embeddings through another projection, or as they are."""
    kept = as_kept(one.spec, projection)
    asked = one.index if one.index.kind != "IVF_PQ" else IndexSpec(one.index.kind)
    made = _member(state, one.spec, kept, asked, _held(state, one), one.generation + 1, one.added)
    _make_again(state, one, made, kept, progress)


def rebuild(state: State, one: Member, progress: Progress | None) -> None:
    """Make an encoder's compared vectors and their index again from what is kept."""
    made = replace(one, generation=one.generation + 1)
    _make_again(state, one, made, state.space(one).projection, progress)


def _member(
    state: State,
    spec: EncoderSpec,
    projection: Projection | None,
    index: IndexSpec,
    vectors: int,
    generation: int,
    added: int | None = None,
) -> Member:
    size = spec.size if projection is None else projection.size
    made = indexing.settle(
        state, index, vectors=vectors, dimensions=size, binary=spec.kind == "hash"
    )
    version = "" if projection is None else projection.version or "unnamed"
    return Member(spec, size, version, made, generation, added or time.time_ns())


def _held(state: State, one: Member) -> int:
    return state.connection.count(state.compared(one).name)


def make_tables(state: State, one: Member, projection: Projection | None) -> None:
    """Make the tables of an encoder's vectors, those that are not there."""
    tables: list[tuple[Table, tuple[str, Mapping[str, Any]], Sequence[str]]] = [
        (state.compared(one), building.built_with(one.index), state.layout.filtered)
    ]
    if projection is not None:
        tables.append((state.layout.raw(one.spec), ("FLAT", {}), ()))
        state.kept.put([roster.projection_entry(one, projection)])
    # Each takes seconds, most of them waiting.
    with ThreadPoolExecutor(len(tables)) as pool:
        for done in [pool.submit(state.connection.create, *table) for table in tables]:
            done.result()


def drop_leftovers(state: State) -> None:
    """Drop tables that changes which were killed left, of encoders that are there.

    One that is being made now by another process would go as well.
    """
    state.refresh()
    tables = state.connection.tables()
    for one in state.members.values():
        own, first = state.compared(one).name, state.layout.compared(one.spec, one.size).name
        of_encoder = re.compile(rf"{first}(__[0-9]+)?")
        left = [name for name in tables if name != own and of_encoder.fullmatch(name)]
        if not one.has_raw:
            left += {state.layout.raw(one.spec).name}.intersection(tables)
        for name in left:
            state.connection.drop(name)
    roster.forget_projections(state.kept, state.members)


def _make_again(
    state: State,
    old: Member,
    new: Member,
    projection: Projection | None,
    progress: Progress | None,
) -> None:
    """Fill a new table of compared vectors, and let it take the place of the old one.

    What another process writes meanwhile goes to the old one only.
    """
    # What somebody who was interrupted left may have other columns.
    state.connection.drop(state.compared(new).name)
    make_tables(state, new, projection)
    space = Space(new.spec, projection, new.index)
    stage, done, total = f"build {new.spec.name}", 0, _held(state, old)
    for rows in vectors.records_with(state, old):
        batch = Batch(state)
        ids = [row["id"] for row in rows]
        places = {key: place for place, key in enumerate(ids)}
        copies = [{**row_of(record_of(row), state.declared), HAS: row[HAS]} for row in rows]
        if new.is_hash:
            keys, whose, matrix = compared_rows(state, old, ids)
        else:
            raw = vectors.read(state, old, ids)
            keys = whose = [key for key in ids if key in raw]
            matrix = np.stack([raw[key] for key in keys]) if keys else np.empty((0, 0), np.float32)
            if new.has_raw and not old.has_raw:
                batch.add_raw(new, keys, matrix)
            matrix = matrix if space.projection is None else space.projection.project(matrix)
        if keys:
            batch.add_compared(new, [copies[places[key]] for key in whose], matrix, keys)
            batch.write([])
        done += len(keys)
        if progress is not None:
            progress(stage, done, max(done, total))
    state.kept.put([new.entry()])
    state.refresh()
    state.connection.drop(state.compared(old).name)
    if old.has_raw:
        roster.forget_projection(state.kept, old)
        if not new.has_raw:
            state.connection.drop(state.layout.raw(old.spec).name)
