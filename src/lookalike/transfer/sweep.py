"""What the source does not have, out of the target."""

from itertools import islice
from typing import TYPE_CHECKING

from lookalike.transfer.part import ROWS, Part

if TYPE_CHECKING:
    from lookalike.stores.base import Progress, Store


def sweep(source: "Store", target: "Store", part: Part, progress: "Progress | None" = None) -> int:
    """Delete from the target the records of a part that the source has no more.

    Returns:
        How many there were.
    """
    total, seen, deleted = target.count(part.where), 0, 0
    records = target.scan(part.where)
    while some := list(islice(records, ROWS)):
        there = part.counterparts(source, some)
        gone = [one.id for one, other in zip(some, there, strict=True) if other is None]
        if gone:
            deleted += target.delete(gone)
        seen += len(some)
        if progress is not None:
            progress("delete", seen, max(seen, total))
    return deleted
