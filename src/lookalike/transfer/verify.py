"""Whether two collections hold the same: records one by one, vectors by counts and a sample."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lookalike.transfer.part import ROWS, Part
from lookalike.transfer.sampled import Sampled, compare
from lookalike.transfer.writing import same

if TYPE_CHECKING:
    from lookalike.records import Record
    from lookalike.stores.base import Progress, Store

SAMPLE = 256
"""Records whose vectors are compared."""
LEAST_RECALL = 0.9
"""Mean part of the ten nearest that both sides must agree on; an index that finds only nearly all
of them, as most do, costs some."""


@dataclass(frozen=True, slots=True)
class EncoderCheck:
    """One encoder's vectors on both sides, counted; `tenants` are those whose counts differ."""

    source: int
    target: int
    tenants: tuple[str, ...]
    sampled: Sampled

    @property
    def ok(self) -> bool:
        """Whether the counts are equal for every tenant, and the sample is."""
        recall = self.sampled.recall
        enough = recall is None or recall >= LEAST_RECALL
        return not self.tenants and not self.sampled.different and enough


@dataclass(frozen=True, slots=True)
class Verification:
    """How the part of the source that was copied and the target differ.

    `missing` records are not in the target, `different` have other fields there (ids compared
    where they were kept), `links` another `duplicate_of`; `extra` is how many the target has
    besides, which is no fault: it may have had them before, or the source lost them.
    """

    records: int
    missing: int
    different: int
    links: int
    extra: int
    encoders: Mapping[str, EncoderCheck] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether all that was to be copied is there, just so."""
        right = not (self.missing or self.different or self.links)
        return right and all(check.ok for check in self.encoders.values())

    def to_dict(self) -> dict[str, Any]:
        """The outcome as JSON types."""
        return {
            "ok": self.ok,
            "records": self.records,
            "missing": self.missing,
            "different": self.different,
            "links": self.links,
            "extra": self.extra,
            "encoders": {
                name: {
                    "source": check.source,
                    "target": check.target,
                    "tenants": list(check.tenants),
                    "sampled": check.sampled.vectors,
                    "different": check.sampled.different,
                    "searches": check.sampled.searches,
                    "recall": check.sampled.recall,
                }
                for name, check in self.encoders.items()
            },
        }


def verify(
    source: "Store", target: "Store", part: Part, progress: "Progress | None" = None
) -> Verification:
    """Compare every record, the number of vectors of each tenant, and a sample of them."""
    tenants: Counter[str] = Counter()
    drawn, chance = list[tuple[int, int]](), random.Random(0)  # noqa: S311 - a sample
    seen = missing = different = links = 0
    total = source.count(part.where)
    for records in part.batches(source):
        there = part.counterparts(target, records)
        for record, other in zip(records, there, strict=True):
            seen += 1
            if other is None:
                missing += 1
                continue
            tenants[record.tenant] += 1
            different += not same(record, other)
            place = len(drawn) if len(drawn) < SAMPLE else chance.randrange(seen)
            if place < SAMPLE:
                drawn[place : place + 1] = [(record.id, other.id)]
        links += _other_links(source, target, part, records, there)
        if progress is not None:
            progress("verify", seen, max(seen, total))
    extra = target.count(part.where) - (seen - missing)
    checks = {}
    for spec in part.specs:
        lacking = [
            _lacking(store, spec.name, part, None if missing + extra == 0 else other)
            for store, other in ((source, target), (target, source))
        ]
        counts = [tenants - of_tenants for of_tenants in lacking]
        checks[spec.name] = EncoderCheck(
            source=counts[0].total(),
            target=counts[1].total(),
            tenants=tuple(sorted(name for name in tenants if counts[0][name] != counts[1][name])),
            sampled=compare(source, target, part, spec, drawn, searches=extra == 0),
        )
    return Verification(seen, missing, different, links, max(extra, 0), checks)


def _other_links(
    source: "Store",
    target: "Store",
    part: Part,
    records: "Sequence[Record]",
    there: "Sequence[Record | None]",
) -> int:
    """How many records are linked otherwise in the target; links to what is not there do not count.

    A link that only the target has does: the source's was dropped.
    """
    linked = [record.duplicate_of for record in records if record.duplicate_of is not None]
    ids = part.translated(source, target, linked) if linked else {}
    wrong = 0
    for record, other in zip(records, there, strict=True):
        if other is not None:
            link = None if record.duplicate_of is None else ids.get(record.duplicate_of)
            wrong += link != other.duplicate_of
    return wrong


def _lacking(store: "Store", encoder: str, part: Part, other: "Store | None") -> Counter[str]:
    """How many records of each tenant have no vector, of those that the other store has, too."""
    counts: Counter[str] = Counter()
    after = -1
    while records := store.missing(encoder, after, ROWS):
        after = records[-1].id
        found = [one for one in records if part.where is None or part.where.matches(one)]
        if other is not None:
            both = part.counterparts(other, found)
            found = [one for one, there in zip(found, both, strict=True) if there is not None]
        counts.update(one.tenant for one in found)
    return counts
