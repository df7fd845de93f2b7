"""Which part of a collection is copied, and under which ids."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

from lookalike.filters import Comparison, Field, all_of
from lookalike.records import EncoderSpec, Record

if TYPE_CHECKING:
    from lookalike.filters import Filter
    from lookalike.stores.base import Store

Ids = Literal["keep", "new"]
"""Records keep the source's ids, or get those that the target gives to new ones."""

ROWS = 2000
"""Records that are looked at together; with 512 dimensions, 4 MB of vectors an encoder."""


@dataclass(frozen=True, slots=True)
class Part:
    """Records that match `where` (all with None), their vectors of `specs`, and their ids."""

    where: "Filter | None"
    specs: tuple[EncoderSpec, ...]
    ids: Ids = "keep"

    def batches(
        self,
        source: "Store",
        *,
        after: int = -1,
        since: float | None = None,
        also: "Filter | None" = None,
    ) -> Iterator[list[Record]]:
        """The source's records of this part, in order of id, those with an id > `after`.

        `since`: only those changed since then, in seconds since the epoch; `also`: only those that
        match this, too.
        """
        where = all_of(self.where, None if since is None else changed_since(since), also)
        records = source.scan(where, after)
        while some := list(islice(records, ROWS)):
            yield some

    def counterparts(self, target: "Store", records: Sequence[Record]) -> list[Record | None]:
        """What the target has of these records of the source, in order; None where nothing."""
        if self.ids == "keep":
            there = target.get([record.id for record in records])
            return [
                None if other is None or _key(other) != _key(record) else other
                for record, other in zip(records, there, strict=True)
            ]
        found = by_uri(target, map(_key, records))
        return [found.get(_key(record)) for record in records]

    def translated(self, source: "Store", target: "Store", ids: Sequence[int]) -> dict[int, int]:
        """The target's ids of the source's, those that it has."""
        records = [record for record in source.get(ids) if record is not None]
        there = self.counterparts(target, records)
        return {
            record.id: other.id
            for record, other in zip(records, there, strict=True)
            if other is not None
        }


def changed_since(moment: float) -> "Filter":
    """The filter of records that were updated at a moment or after it."""
    return Comparison(Field(("updated",), system=True), ">=", moment)


def later(after: int) -> "Filter":
    """The filter of records with a larger id."""
    return Comparison(Field(("id",), system=True), ">", after)


def by_uri(store: "Store", keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Record]:
    """A store's records by tenant and uri."""
    uris: dict[str, list[str]] = {}
    for tenant, uri in keys:
        uris.setdefault(tenant, []).append(uri)
    return {
        (tenant, uri): record
        for tenant, some in uris.items()
        for uri, record in store.find(some, tenant).items()
    }


def _key(record: Record) -> tuple[str, str]:
    return record.tenant, record.uri
