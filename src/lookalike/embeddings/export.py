"""A collection's embeddings or hashes of one encoder into a file."""

from collections.abc import Sequence
from itertools import islice
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from lookalike.arguments import PATH, checked
from lookalike.embeddings.files import format_of
from lookalike.embeddings.header import Header
from lookalike.embeddings.rows import columns_of
from lookalike.errors import UsageError
from lookalike.search.choose import find
from lookalike.views.file import file_to_write

if TYPE_CHECKING:
    from lookalike.filters import Filter
    from lookalike.records import EncoderSpec, Record
    from lookalike.stores.base import Progress, Store

_ROWS = 4096


def export_embeddings(
    store: "Store",
    path: str | PathLike[str],
    *,
    encoder: str | None = None,
    where: "Filter | None" = None,
    float16: bool = False,
    progress: "Progress | None" = None,
) -> int:
    """Write the records that match with their raw vectors; see `Collection.export_embeddings`."""
    target = file_to_write(checked(path, PATH, "embeddings go to the path of a file"))
    kind = format_of(target)
    spec = _spec(store, encoder)
    projection = store.projection(spec.name) if spec.kind == "embedding" else None
    embedding = "float16" if float16 else "float32"
    dtype = embedding if spec.kind == "embedding" else "uint8"
    total = store.count(where)
    records = store.scan(where)
    written = seen = 0
    with kind.write(target, Header.of(spec, projection), dtype) as writer:
        while some := list(islice(records, _ROWS)):
            ids = [record.id for record in some]
            vectors = store.vectors(spec.name, ids)
            hashes = spec.kind == "hash"
            qualities = store.qualities(spec.name, ids) if hashes else {}
            trimmed = store.trimmed(spec.name, ids) if hashes else {}
            kept = [record for record in some if record.id in vectors]
            if kept:
                originals = _originals(store, kept)
                rows = [
                    columns_of(
                        record,
                        qualities.get(record.id),
                        trimmed.get(record.id),
                        originals.get(record.duplicate_of),
                    )
                    for record in kept
                ]
                matrix = np.stack([vectors[record.id] for record in kept])
                writer.append(rows, matrix.astype(dtype, copy=False))
            written += len(kept)
            seen += len(some)
            if progress is not None:
                progress("export", seen, max(seen, total))
    return written


def _originals(store: "Store", records: "Sequence[Record]") -> dict[int | None, str]:
    """The uris of what records are duplicates of, by id."""
    linked = list({one.duplicate_of for one in records if one.duplicate_of is not None})
    return {one.id: one.uri for one in store.get(linked) if one is not None}


def _spec(store: "Store", name: str | None) -> "EncoderSpec":
    specs = store.encoders()
    if not specs:
        raise UsageError("the collection has no encoder yet, so there is nothing to export")
    if name is None:
        return next((spec for spec in specs if spec.kind == "embedding"), specs[0])
    return find(specs, name)
