"""Which rows of a file say nothing that a store does not have already."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.records import EncoderSpec, Record

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lookalike.stores.base import Entry, Store

_FACTS = ("sha256", "md5", "size", "modified_ns", "width", "height", "format")


@dataclass(frozen=True, slots=True)
class Same:
    """What of a row its record has already: the vector, with its quality; or all of it."""

    vector: bool = False
    all: bool = False


def unchanged(
    store: "Store", spec: EncoderSpec, entries: "Sequence[Entry]", rows: "NDArray[Any]"
) -> list[Same]:
    """Of each entry and its vector of the encoder, what its record has already.

    Where two entries are of one record, nothing: the later is to win.
    """
    ids = [entry.id for entry in entries if entry.id is not None]
    if len(set(ids)) < len(ids):
        return [Same()] * len(entries)
    records = {record.id: record for record in store.get(ids) if record is not None}
    vectors = store.vectors(spec.name, list(records))
    hashes = spec.kind == "hash"
    qualities = store.qualities(spec.name, list(records)) if hashes else {}
    trimmed = store.trimmed(spec.name, list(records)) if hashes else {}
    found = []
    for entry, row in zip(entries, rows, strict=True):
        record = None if entry.id is None else records.get(entry.id)
        if (
            record is not None
            and record.id in vectors
            and entry.sha256 in {None, record.sha256}
            and _same_vector(row, vectors[record.id])
            and entry.qualities.get(spec.name) == qualities.get(record.id)
            and _same_trimmed(entry.trimmed.get(spec.name), trimmed.get(record.id))
        ):
            found.append(Same(vector=True, all=_same_record(entry, record)))
        else:
            found.append(Same())
    return found


def _same_record(entry: "Entry", record: Record) -> bool:
    if (entry.uri, entry.tenant) != (record.uri, record.tenant):
        return False
    facts = [getattr(entry, name) for name in _FACTS]
    if any(fact is not None for fact in facts) and facts != [getattr(record, n) for n in _FACTS]:
        return False
    if entry.pixels not in {None, record.pixels} or entry.border not in {None, record.border}:
        return False
    # As JSON, in which 1, 1.0 and true are three things.
    return entry.attributes is None or _text(entry.attributes) == _text(record.attributes)


def _same_trimmed(given: "NDArray[Any] | None", stored: "NDArray[Any] | None") -> bool:
    """Whether a file brings no trimmed hash that is not there already; it may know of none."""
    return given is None or (stored is not None and np.array_equal(given, stored))


def _text(attributes: Any) -> str:
    return json.dumps(dict(attributes), sort_keys=True)


def _same_vector(row: "NDArray[Any]", stored: "NDArray[Any]") -> bool:
    """Whether they are the same once stored: embeddings are kept as float16."""
    if stored.dtype == np.uint8:
        return np.array_equal(row, stored)
    return np.array_equal(row.astype(np.float16), stored.astype(np.float16))
