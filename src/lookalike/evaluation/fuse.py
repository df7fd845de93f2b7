"""Rows of several encoders together."""

import math
from dataclasses import dataclass

from lookalike.errors import UsageError


@dataclass(frozen=True, slots=True)
class Fuse:
    """Encoders whose scores are averaged, with a weight > 0 for each, as `search` does it.

    Raises:
        UsageError: there are fewer than two, one is there twice, or a weight is not above 0.
    """

    names: tuple[str, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(set(self.names)) < max(2, len(self.names)):
            raise UsageError(
                f"{'+'.join(self.names)}: fusing takes two encoders or more, each once: a+b"
            )
        for name, weight in zip(self.names, self.weights, strict=True):
            if not 0 < weight < math.inf:
                raise UsageError(f"the weight of {name} must be a number above 0")

    def __str__(self) -> str:
        weights = [f":{weight:g}" if weight != 1 else "" for weight in self.weights]
        return "+".join(name + tail for name, tail in zip(self.names, weights, strict=True))


def parse(text: str) -> Fuse:
    """Read `a+b` or, with weights, `a:2+b`.

    Raises:
        UsageError: it is not that.
    """
    parts = [part.strip().partition(":") for part in text.split("+")]
    return Fuse(tuple(name for name, _, _ in parts), tuple(_weight(weight) for *_, weight in parts))


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return math.nan
