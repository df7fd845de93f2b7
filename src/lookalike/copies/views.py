"""The ways in which a query's picture is looked at: smaller, turned, inverted, in parts.

A network looks at every picture in a square of one size. A crop then shows everything larger than
the original does, and a picture inside a picture smaller: the embeddings are of other scales. So
a crop is looked at in smaller squares, too, and for what lies inside, parts are looked at.
"""

from dataclasses import dataclass, field

from PIL import ImageOps
from PIL.Image import Image

from lookalike.copies.orientation import ORIENTATIONS, turned

Box = tuple[float, float, float, float]
"""Left, top, right and bottom as fractions of width and height."""

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

_SIDES = (224, 160, 128)
"""Sides of the smaller squares; down to 0.4 of SSCD's 320."""
_TURNED_SIDE = 160
"""Side of the squares for the other orientations, where any will do: copy descriptors hardly mind
how a picture lies, and a smaller square takes a quarter of the time."""
_CELLS, _PART = 4, 0.4
"""Parts in a row and in a column, and how much of a side each has: neighbours share half."""


@dataclass(frozen=True, slots=True)
class View:
    """One of them.

    `image` is what is to be compared: the part in `box` of the upright query, turned by
    `orientation` (see orientation.py), its colours inverted or not. `side` is that of the square
    that an encoder of any size looks at it in; None for its own.
    """

    name: str
    image: Image = field(compare=False, repr=False)
    orientation: int = 0
    box: Box = WHOLE
    inverted: bool = False
    side: int | None = None


def views(
    image: Image,
    *,
    orientations: bool = True,
    regions: bool = True,
    inverted: bool = True,
    sides: bool = True,
) -> list[View]:
    """The views of a picture, the whole of it first.

    Args:
        image: RGB and upright.
        orientations: also in the seven other orientations.
        regions: also its parts, on an overlapping grid.
        inverted: also with inverted colours.
        sides: also in smaller squares; only for encoders of any size.
    """
    found = [View("whole", image)]
    if sides:
        found += [View("smaller", image, side=side) for side in _SIDES]
    if orientations:
        side = _TURNED_SIDE if sides else None
        found += [View("turned", turned(image, way), way, side=side) for way in ORIENTATIONS[1:]]
    if inverted:
        found.append(View("inverted", ImageOps.invert(image), inverted=True))
    if regions:
        found += [View("region", cut(image, box), box=box) for box in _boxes()]
    return found


def _boxes() -> list[Box]:
    starts = [cell * (1 - _PART) / (_CELLS - 1) for cell in range(_CELLS)]
    return [(left, top, left + _PART, top + _PART) for top in starts for left in starts]


def cut(image: Image, box: Box) -> Image:
    """What is in a box, at least a pixel."""
    width, height = image.size
    left, top = int(box[0] * width), int(box[1] * height)
    right, bottom = round(box[2] * width), round(box[3] * height)
    return image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
