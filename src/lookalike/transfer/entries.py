"""Records of one store as entries for another, with everything that belongs to them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lookalike.records import Record
from lookalike.stores.base import Entry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lookalike.stores.base import Store
    from lookalike.transfer.part import Part


def entries_of(source: "Store", part: "Part", records: Sequence[Record]) -> list[Entry]:
    """Entries of records with vectors, qualities and trimmed hashes of the part's encoders."""
    ids = [record.id for record in records]
    vectors: dict[int, dict[str, NDArray[Any]]] = {key: {} for key in ids}
    trimmed: dict[int, dict[str, NDArray[Any]]] = {key: {} for key in ids}
    qualities: dict[int, dict[str, int]] = {key: {} for key in ids}
    for spec in part.specs:
        for key, vector in source.vectors(spec.name, ids).items():
            vectors[key][spec.name] = vector
        if spec.kind == "hash":
            for key, hashed in source.trimmed(spec.name, ids).items():
                # A hash that came while this was read is for the next pass.
                if spec.name in vectors[key]:
                    trimmed[key][spec.name] = hashed
            for key, quality in source.qualities(spec.name, ids).items():
                if spec.name in vectors[key]:
                    qualities[key][spec.name] = quality
    return [
        entry_of(
            record,
            record.id if part.ids == "keep" else None,
            record.duplicate_of if part.ids == "keep" else None,
            vectors=vectors[record.id],
            trimmed=trimmed[record.id],
            qualities=qualities[record.id],
        )
        for record in records
    ]


def entry_of(record: Record, key: int | None, duplicate_of: int | None, **found: Any) -> Entry:
    """A record's fields as an entry with this id and link; `found` are fields of `Entry`."""
    return Entry(
        uri=record.uri,
        tenant=record.tenant,
        id=key,
        sha256=record.sha256,
        md5=record.md5,
        size=record.size,
        modified_ns=record.modified_ns,
        width=record.width,
        height=record.height,
        format=record.format,
        attributes=record.attributes,
        pixels=record.pixels,
        border=record.border,
        duplicate_of=duplicate_of,
        added=record.added,
        updated=record.updated,
        **found,
    )
