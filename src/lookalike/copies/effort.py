"""How far a search for copies goes."""

from dataclasses import dataclass
from typing import Literal, get_args

from lookalike.errors import UsageError

Effort = Literal["quick", "full"]


@dataclass(frozen=True, slots=True)
class Reach:
    """What a search looks at beside the whole picture and the picture without its borders.

    `orientations`: the picture turned and mirrored. `regions`: its parts, for screenshots and
    collages. `inverted`: its negative. `sides`: it in smaller squares, for crops. `proof`:
    local features of the best candidates, and with `sure_ones` also of those that are known to be
    copies without.
    """

    orientations: bool = True
    regions: bool = True
    inverted: bool = True
    sides: bool = True
    proof: bool = True
    sure_ones: bool = False


def reach(
    effort: Effort = "full",
    *,
    orientations: bool | None = None,
    regions: bool | None = None,
    proof: bool | None = None,
) -> Reach:
    """What an effort includes: all of it, or with "quick" nothing; each can be said apart.

    With `proof` True, not only by default, all of the best candidates are proved.

    Raises:
        UsageError: there is no such effort.
    """
    if effort not in get_args(Effort):
        raise UsageError(f"effort is one of {', '.join(get_args(Effort))}, got {effort!r}")
    full = effort == "full"
    return Reach(
        orientations=full if orientations is None else orientations,
        regions=full if regions is None else regions,
        inverted=full,
        sides=full,
        proof=full if proof is None else proof,
        sure_ones=proof is True,
    )
