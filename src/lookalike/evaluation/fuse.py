"""Rows of several encoders together."""

import math
from dataclasses import dataclass

from lookalike.errors import UsageError
from lookalike.search.choose import weighed


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
                f"{','.join(self.names)}: fusing takes two encoders or more, each once: a,b"
            )
        for name, weight in zip(self.names, self.weights, strict=True):
            if not 0 < weight < math.inf:
                raise UsageError(f"the weight of {name} must be a number above 0")

    def __str__(self) -> str:
        weights = [f":{weight:g}" if weight != 1 else "" for weight in self.weights]
        return ",".join(name + tail for name, tail in zip(self.names, weights, strict=True))


def parse(text: str) -> Fuse:
    """Read `a,b` or, with weights, `a:2,b`: as `lookalike search --encoder` takes them.

    Raises:
        UsageError: it is not that.
    """
    named = weighed(text)
    return Fuse(tuple(name for name, _ in named), tuple(weight for _, weight in named))
