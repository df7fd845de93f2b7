"""The ways in which a query's picture is looked at: turned, inverted, in parts."""

from dataclasses import dataclass, field

from PIL import ImageOps
from PIL.Image import Image

from lookalike.copies.orientation import ORIENTATIONS, turned

Box = tuple[float, float, float, float]
"""Left, top, right and bottom as fractions of width and height."""

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

_GRIDS = (2, 3)
_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class View:
    """One of them.

    `image` is what is to be compared: the part in `box` of the upright query, turned by
    `orientation` (see orientation.py), its colours inverted or not.
    """

    name: str
    image: Image = field(compare=False, repr=False)
    orientation: int = 0
    box: Box = WHOLE
    inverted: bool = False


def views(
    image: Image, *, orientations: bool = True, regions: bool = True, inverted: bool = True
) -> list[View]:
    """The views of a picture, the whole of it first.

    Args:
        image: RGB and upright.
        orientations: also in the seven other orientations.
        regions: also its parts, on overlapping grids.
        inverted: also with inverted colours.
    """
    found = [View("whole", image)]
    if orientations:
        found += [View("turned", turned(image, way), way) for way in ORIENTATIONS if way]
    if inverted:
        found.append(View("inverted", ImageOps.invert(image), inverted=True))
    if regions:
        found += [View("region", _part(image, box), box=box) for box in _boxes()]
    return found


def _boxes() -> list[Box]:
    boxes = []
    for cells in _GRIDS:
        side = 1 / (1 + (cells - 1) * (1 - _OVERLAP))
        starts = [cell * side * (1 - _OVERLAP) for cell in range(cells)]
        boxes += [(left, top, left + side, top + side) for top in starts for left in starts]
    return boxes


def _part(image: Image, box: Box) -> Image:
    width, height = image.size
    left, top = int(box[0] * width), int(box[1] * height)
    right, bottom = round(box[2] * width), round(box[3] * height)
    return image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
