"""The answer: groups of duplicates, what to keep of each, and what every member is to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, overload

from lookalike.records import Record, Verdict

Settled = Literal["", "keep", "ignore", "same file", "moved"]
"""Why nothing is proposed for a member: what was decided, it is a link to the best, or it has
been moved away as a duplicate before."""

SETTLED: dict[Settled, str] = {
    "keep": "kept",
    "ignore": "ignored",
    "same file": "the same file",
    "moved": "moved away",
}
"""The same as words for people."""


@dataclass(frozen=True, slots=True)
class Member:
    """One duplicate: its record, and its verdict and the reason relative to the group's best."""

    record: Record
    verdict: Verdict
    reason: str
    settled: Settled = ""


@dataclass(frozen=True)
class Group:
    """Records that show the same picture: the best, why it is, and its duplicates."""

    best: Record
    why: str
    others: tuple[Member, ...]

    @cached_property
    def id(self) -> int:
        """The smallest id of its records, which names the group."""
        return min(self.ids)

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids of its records, the best first."""
        return (self.best.id, *(one.record.id for one in self.others))

    @property
    def open(self) -> tuple[Member, ...]:
        """The duplicates about which nothing has been decided."""
        return tuple(one for one in self.others if not one.settled)

    @cached_property
    def spare_bytes(self) -> int:
        """What the files of the open duplicates take."""
        return sum(one.record.size or 0 for one in self.open)


class Duplicates(Sequence[Group]):
    """Groups of duplicates, those that take most room first."""

    def __init__(
        self,
        groups: Sequence[Group],
        *,
        records: int,
        seconds: float,
        by: Sequence[str],
        notices: Sequence[str] = (),
    ) -> None:
        self.groups = tuple(groups)
        self.records = records
        """How many were compared."""
        self.seconds = seconds
        self.by = tuple(by)
        """What they were compared by: digests, and encoders by name."""
        self.notices = tuple(notices)
        """What the user should know about this answer."""

    def __len__(self) -> int:
        return len(self.groups)

    @overload
    def __getitem__(self, index: int) -> Group: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Group, ...]: ...
    def __getitem__(self, index: int | slice) -> Group | tuple[Group, ...]:
        return self.groups[index]

    def __iter__(self) -> Iterator[Group]:
        return iter(self.groups)

    def __repr__(self) -> str:
        return (
            f"Duplicates({len(self)} groups, {self.open} duplicates among {self.records} records)"
        )

    @property
    def open(self) -> int:
        """How many duplicates nothing has been decided about."""
        return sum(len(group.open) for group in self.groups)

    @property
    def spare_bytes(self) -> int:
        """What the files of the open duplicates take."""
        return sum(group.spare_bytes for group in self.groups)

    def to_dict(self) -> dict[str, Any]:
        """The object that `lookalike duplicates --json` prints."""
        return {
            "records": self.records,
            "seconds": round(self.seconds, 3),
            "by": list(self.by),
            "duplicates": self.open,
            "spare_bytes": self.spare_bytes,
            "groups": [_group(group) for group in self.groups],
            "notices": list(self.notices),
        }


def _group(group: Group) -> dict[str, Any]:
    return {
        "group": group.id,
        "tenant": group.best.tenant,
        "spare_bytes": group.spare_bytes,
        "best": {**_record(group.best), "why": group.why},
        "duplicates": [
            {
                **_record(one.record),
                "verdict": one.verdict.value,
                "reason": one.reason,
                "settled": one.settled,
            }
            for one in group.others
        ],
    }


def _record(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "uri": record.uri,
        "size": record.size,
        "width": record.width,
        "height": record.height,
        "format": record.format,
    }
