"""What one run of ingest did."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from lookalike.sources.base import Failure


class Outcome(StrEnum):
    """What became of one picture."""

    ADDED = "added"
    """A new record."""
    UPDATED = "updated"
    """The record of this uri got other contents, attributes or vectors."""
    UNCHANGED = "unchanged"
    """The record stands as it was."""
    SKIPPED = "skipped"
    """Not added, since it is a duplicate of a record."""
    MOVED = "moved"
    """A record whose file was elsewhere keeps its id, vectors and attributes."""
    LEFT = "left"
    """It looks moved, which one of several workers cannot decide; left for one that works alone."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A picture that is a duplicate of the record of id `of`, whose uri is `original`.

    `reason` says in words why.
    """

    uri: str
    of: int
    original: str
    reason: str


@dataclass(frozen=True, slots=True)
class IngestReport:
    """Counts of pictures by outcome, the failures, and how long it took.

    `completed` says by encoder how many records that were there got a vector of it.
    `left` counts the pictures that one of several workers did not add, since they look moved.
    `skipped` counts the duplicates that were not added; `duplicates` are those and the ones that
    were added and linked, in the order in which they were found.
    `notices` say in words what else the user should know.
    `interrupted` is True when Ctrl-C ended the run early; what is counted is in the store.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    moved: int = 0
    removed: int = 0
    skipped: int = 0
    left: int = 0
    completed: Mapping[str, int] = field(default_factory=dict)
    failed: tuple[Failure, ...] = ()
    seconds: float = 0.0
    interrupted: bool = False
    notices: tuple[str, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()

    @property
    def pictures(self) -> int:
        """How many pictures the run came across, failures included."""
        done = self.added + self.updated + self.unchanged + self.moved + self.skipped + self.left
        return done + len(self.failed)

    def __add__(self, other: "IngestReport") -> "IngestReport":
        """Both as one: sums, and of the failures one per uri, the first."""
        failed = {failure.uri: failure for failure in (*other.failed, *self.failed)}
        return IngestReport(
            added=self.added + other.added,
            updated=self.updated + other.updated,
            unchanged=self.unchanged + other.unchanged,
            moved=self.moved + other.moved,
            removed=self.removed + other.removed,
            skipped=self.skipped + other.skipped,
            left=self.left + other.left,
            completed={
                name: self.completed.get(name, 0) + other.completed.get(name, 0)
                for name in (*self.completed, *other.completed)
            },
            failed=tuple(sorted(failed.values(), key=lambda failure: failure.uri)),
            seconds=self.seconds + other.seconds,
            interrupted=self.interrupted or other.interrupted,
            notices=(*self.notices, *other.notices),
            duplicates=(*self.duplicates, *other.duplicates),
        )

    def to_dict(self) -> dict[str, Any]:
        """The object that `lookalike index --json` prints."""
        return {
            "added": self.added,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "moved": self.moved,
            "removed": self.removed,
            "skipped": self.skipped,
            "left": self.left,
            "completed": dict(self.completed),
            "failed": [{"uri": failed.uri, "reason": failed.reason} for failed in self.failed],
            "duplicates": [asdict(duplicate) for duplicate in self.duplicates],
            "notices": list(self.notices),
            "seconds": round(self.seconds, 3),
        }
