"""What a copy did."""

from dataclasses import dataclass, field
from typing import Any

from lookalike.transfer.verify import Verification


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What was written, and whether both sides agree afterwards.

    `records` were written, `unchanged` had been there before, `deleted` were removed from the
    target; `decisions` and `skipped` are how many of those there are now that came along.
    `seconds` is the whole time, `writing` that of the records alone.
    """

    records: int = 0
    unchanged: int = 0
    deleted: int = 0
    decisions: int = 0
    skipped: int = 0
    seconds: float = 0.0
    writing: float = 0.0
    notices: tuple[str, ...] = ()
    verification: Verification | None = field(default=None)

    @property
    def ok(self) -> bool:
        """Whether the two sides were compared and agree."""
        return self.verification is not None and self.verification.ok

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON types."""
        checked = self.verification
        return {
            "records": self.records,
            "unchanged": self.unchanged,
            "deleted": self.deleted,
            "decisions": self.decisions,
            "skipped": self.skipped,
            "seconds": round(self.seconds, 3),
            "records_per_second": round(self.records / self.writing, 1) if self.writing else 0.0,
            "notices": list(self.notices),
            "verification": None if checked is None else checked.to_dict(),
        }
