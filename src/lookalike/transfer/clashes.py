"""What of two collections cannot be in one under the same ids, found before anything is written."""

from typing import TYPE_CHECKING

from lookalike.errors import UsageError
from lookalike.transfer.part import Part, by_uri

if TYPE_CHECKING:
    from lookalike.records import Record
    from lookalike.stores.base import Progress, Store


def refuse_clashes(
    source: "Store", target: "Store", part: Part, progress: "Progress | None" = None
) -> None:
    """See that every record can keep its id in a target that is not empty.

    Raises:
        UsageError: an id is another picture's there, or a picture has another id there.
    """
    if part.ids == "new" or not target.count():
        return
    count, first, seen, total = 0, "", 0, source.count(part.where)
    for records in part.batches(source):
        seen += len(records)
        for words in _clashes(target, records):
            count += 1
            first = first or words
        if progress is not None:
            progress("compare ids", seen, max(seen, total))
    if count:
        records_of = "1 record" if count == 1 else f"{count:,} records"
        raise UsageError(
            f"{records_of} cannot keep the id: {first}. Copy with new ids (--ids new), or into a "
            "collection that is empty. Nothing was written"
        )


def _clashes(target: "Store", records: "list[Record]") -> list[str]:
    owners = {
        record.id: record
        for record in target.get([record.id for record in records])
        if record is not None
    }
    known = by_uri(target, [(record.tenant, record.uri) for record in records])
    found = []
    for record in records:
        owner = owners.get(record.id)
        there = known.get((record.tenant, record.uri))
        if owner is not None and (owner.tenant, owner.uri) != (record.tenant, record.uri):
            found.append(f"{record.id} is {record.uri} here, and {owner.uri} in the target")
        elif there is not None and there.id != record.id:
            found.append(f"{record.uri} is {record.id} here, and {there.id} in the target")
    return found
