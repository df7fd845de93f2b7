"""What a calibration measures on: scores of pairs of pictures, and what is known of each pair."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lookalike.sources.base import Failure

Label = Literal["copy", "similar", "different"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and a picture that it was compared with.

    `score` is that of the search for copies, 0 where the picture was no hit. `distance` is the
    pHash distance in bits, None where it is larger than any copy's or nothing is known of it.
    `alike` are scores, −1..1, by the collection's encoders.
    """

    label: Label
    score: float
    distance: int | None = None
    alike: Mapping[str, float] = field(default_factory=dict)

    @property
    def same(self) -> bool:
        """Whether the two show the same picture."""
        return self.label == "copy"


@dataclass(frozen=True, slots=True)
class Twins:
    """Two of the collection's own pictures that are the same, or may be, by uri; and why."""

    first: str
    second: str
    why: str


@dataclass(frozen=True, slots=True)
class Measured:
    """Pairs, and what was left out.

    `by` says what they are: edits of the collection's own pictures, or a table's pairs.
    `queries` were asked; `copies` of them have a copy to be found. `left_out` are pictures that
    could not be used. `twins` are pairs of the collection's own duplicates, which count neither
    way; `undecided` are pairs of which nobody can tell, and which do not count either.
    """

    pairs: tuple[Pair, ...]
    queries: int
    copies: int
    left_out: tuple[Failure, ...] = ()
    twins: tuple[Twins, ...] = ()
    undecided: tuple[Twins, ...] = ()
    by: Literal["edits", "pairs"] = "edits"


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer of the search for copies, as it is kept between runs.

    `hits` are (id, score); `near` are (id, pHash distance) of what the picture's hash is near to.
    """

    hits: tuple[tuple[int, float], ...]
    near: tuple[tuple[int, int], ...] = ()
