"""One thing that was looked at."""

from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about a topic, and what to do about it where something is to be done.

    "problem": something does not work. "warning": it works, but slowly, not for long, or not for
    everything.
    """

    topic: str
    level: Level
    found: str
    advice: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "topic": self.topic,
            "level": self.level,
            "found": self.found,
            "advice": self.advice or None,
        }


def ok(topic: str, found: str) -> Finding:
    """All is well."""
    return Finding(topic, "ok", found)


def warning(topic: str, found: str, advice: str) -> Finding:
    """It works, but."""
    return Finding(topic, "warning", found, advice)


def problem(topic: str, found: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(topic, "problem", found, advice)
