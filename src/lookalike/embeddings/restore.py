"""A file of embeddings or hashes into a collection."""

import time
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.arguments import PATH, checked
from lookalike.embeddings import links
from lookalike.embeddings.files import format_of
from lookalike.embeddings.header import Header
from lookalike.embeddings.rows import entry_of
from lookalike.embeddings.unchanged import unchanged
from lookalike.encoders import registry
from lookalike.errors import NotFoundError, UsageError, WeightsError
from lookalike.external import EXTERNAL, spec_of, unit, unit_rows
from lookalike.ingest.complete import note_untrimmed
from lookalike.ingest.report import IngestReport
from lookalike.records import EncoderSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lookalike.stores.base import Entry, Progress, Store

_UNIT = 1e-3
"""How far from 1 the length of an embedding may be to be taken as it stands."""
_PLURAL = {"embedding": "embeddings", "hash": "hashes"}


def import_embeddings(
    store: "Store",
    path: str | PathLike[str],
    *,
    encoder: str | None = None,
    tenant: str | None = None,
    progress: "Progress | None" = None,
) -> IngestReport:
    """Bring a file's rows into a store; see `Collection.import_embeddings`."""
    started = time.perf_counter()
    source = Path(checked(path, PATH, "embeddings come from the path of a file")).expanduser()
    if not source.is_file():
        raise NotFoundError(f"there is no file {source}; name one that `lookalike export` wrote")
    added = kept = done = renumbered = 0
    pending: list[links.Link] = []
    with format_of(source).read(source) as reader:
        spec = _space(store, reader.header, encoder, source.name)
        if all(spec.name != one.name for one in store.encoders()):
            store.add_encoder(spec, reader.header.load_projection(source.name))
        for columns, vectors in reader.batches():
            rows = _checked(vectors, spec, source.name, done)
            entries = [
                _entry(values, tenant, spec.name, f"{source.name}, row {done + i}")
                for i, values in enumerate(columns)
            ]
            placed, new, moved = _place(store, entries)
            same = unchanged(store, spec, placed, rows)
            fresh = [place for place, known in enumerate(same) if not known.all]
            written = store.upsert(
                [
                    replace(placed[place], qualities={}, trimmed={})
                    if same[place].vector
                    else replace(placed[place], vectors={spec.name: rows[place]})
                    for place in fresh
                ]
            )
            if spec.kind == "hash":
                ids = zip(fresh, written, strict=True)
                unknown = [
                    key for place, key in ids if not (same[place].vector or placed[place].trimmed)
                ]
                note_untrimmed(store, unknown)
            pending += links.named(columns, placed)
            kept += len(same) - len(fresh)
            added, renumbered, done = added + new, renumbered + moved, done + len(rows)
            if progress is not None:
                progress("import", done, max(done, reader.rows))
    links.write(store, pending)
    store.optimize(progress)
    notices = []
    if renumbered:
        records = "1 record" if renumbered == 1 else f"{renumbered:,} records"
        notices.append(f"{records} got new ids, since theirs were taken")
    return IngestReport(
        added=added,
        updated=done - added - kept,
        unchanged=kept,
        seconds=time.perf_counter() - started,
        notices=tuple(notices),
    )


def _entry(values: dict[str, Any], tenant: str | None, encoder: str, where: str) -> "Entry":
    try:
        return entry_of(values, tenant, encoder)
    except UsageError as error:
        raise UsageError(f"{where}: {error}; the rows before are in the collection") from None


def _place(store: "Store", entries: "Sequence[Entry]") -> "tuple[list[Entry], int, int]":
    """Entries with the ids they are to have, how many are new, and how many lost their id.

    The record of the same tenant and uri keeps its id; a new one gets the file's, if it is free.
    A row that only has an id is that of the tenant's record.
    """
    known = {
        (tenant, uri): record.id
        for tenant in {entry.tenant for entry in entries}
        for uri, record in store.find(
            [entry.uri for entry in entries if entry.tenant == tenant], tenant
        ).items()
    }
    wanted = [entry.id for entry in entries if entry.id is not None]
    owners = {record.id: record for record in store.get(wanted) if record is not None}
    taken = set(owners)
    placed, new, lost = [], 0, 0
    numbered_later: set[tuple[str, str]] = set()
    for entry in entries:
        key = (entry.tenant, entry.uri)
        if key in known:
            placed.append(replace(entry, id=known[key]))
            continue
        if key in numbered_later:
            placed.append(replace(entry, id=None))
            continue
        owner = None if entry.id is None else owners.get(entry.id)
        nameless = entry.uri == f"id:{entry.id}"
        if owner is not None and nameless and owner.tenant == entry.tenant:
            placed.append(replace(entry, uri=owner.uri))
            continue
        new += 1
        if entry.id in taken:
            lost += 1
            placed.append(replace(entry, id=None))
            numbered_later.add(key)
            continue
        placed.append(entry)
        if entry.id is None:
            numbered_later.add(key)
        else:
            taken.add(entry.id)
            known[key] = entry.id
    return placed, new, lost


def _checked(vectors: "NDArray[Any]", spec: EncoderSpec, name: str, first: int) -> "NDArray[Any]":
    """Rows as the store takes them; what has unit length already stays as it is, bit for bit."""
    if spec.kind == "hash":
        if vectors.dtype != np.uint8:
            raise UsageError(f"{name}: hashes are uint8, not {vectors.dtype}")
        return vectors
    if vectors.dtype.kind != "f":
        raise UsageError(f"{name}: embeddings are floats, not {vectors.dtype}")
    rows = np.asarray(vectors, np.float32)
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    off = np.flatnonzero(~(np.abs(norms - 1) <= _UNIT))
    if off.size:
        rows = np.array(rows)
        try:
            rows[off] = unit_rows(vectors[off])
        except UsageError:
            at = first + int(next(row for row in off if not _has_direction(vectors[row])))
            raise UsageError(
                f"{name}: the vector of row {at} is zero or not finite; the rows before its batch "
                "are in the collection"
            ) from None
    return rows


def _has_direction(vector: "NDArray[Any]") -> bool:
    try:
        unit(vector)
    except UsageError:
        return False
    return True


def _space(store: "Store", header: Header, name: str | None, file: str) -> EncoderSpec:
    """The encoder that the file's vectors are of, as the collection is to know it.

    Raises:
        UsageError: they cannot be compared with what is, or would be, under that name.
    """
    if not header.encoder and header.kind == "embedding":
        return spec_of(store.encoders(), name, header.size)
    if name is not None and name not in {spec.name for spec in store.encoders()}:
        name = registry.own_name(name)
    target = name or header.encoder or EXTERNAL
    there = next((spec for spec in store.encoders() if spec.name == target), None)
    if there is None and target in registry.names():
        there = _registered(target)
    if there is None:
        fingerprint = header.fingerprint if target == header.encoder else ""
        return EncoderSpec(target, header.kind, header.size, fingerprint)  # type: ignore[arg-type]
    if (there.kind, there.size) != (header.kind, header.size):
        raise UsageError(
            f"{file} holds {_PLURAL[header.kind]} of {header.size}, and {target} makes "
            f"{_PLURAL[there.kind]} of {there.size}; --encoder NAME keeps them under another name"
        )
    same = header.encoder in {"", target} and header.fingerprint in {"", there.fingerprint}
    if not same:
        whose = "by other weights" if header.encoder == target else f"by {header.encoder}"
        raise UsageError(
            f"{file} holds vectors made {whose} ({header.fingerprint or 'unknown'}), which cannot "
            f"be compared with those of {target} ({there.fingerprint or 'unknown'}); "
            "--encoder NAME keeps them under another name"
        )
    return there


def _registered(name: str) -> EncoderSpec | None:
    """What an encoder of ours is, if its weights are here; None when that cannot be told."""
    try:
        return registry.load(name, offline=True).spec
    except WeightsError:
        return None
