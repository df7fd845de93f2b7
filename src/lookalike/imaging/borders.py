"""Cutting off the plain borders of a picture: letterboxes, frames, the edges of scans."""

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from lookalike.imaging.bands import PIXELS, array_of

Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]

BLACK: Colour = (0, 0, 0)
TOLERANCE = 10

_BLOCK = 16
"""Pixels that a JPEG of halved colour codes together: as far as an edge rings into a border."""
_LINES = 48
"""Lines looked at first: most borders, and what only looks like one, end within."""
_EDGE = 8
"""Lines in which a picture has to set itself off from a border of any colour."""
_EDGE_SHARE = 0.6
_FAR_SHARE = 0.1
"""Most of the pixels of an outermost line that may be far from its colour."""
_LEAST_EDGE = 0.5
_LEAST_SIDE = 0.25
_LEAST_AREA = 0.125
_LEAST_PIXELS = 16


def trim_borders(
    picture: Image, *, colour: Colour | None = BLACK, tolerance: int = TOLERANCE
) -> Image:
    """Cut plain outer borders off an RGB picture.

    A border is made of whole outermost rows or columns, so nothing inside a picture is ever cut.
    Where less than a quarter of a side, an eighth of the area or 16 pixels would be left, it was
    no border but a dark (or plain) picture, and nothing is cut.

    Args:
        picture: RGB, of any size.
        colour: of the border, 0 to 255; None takes any, each side one of its own, where the
            picture sets itself off from it along the whole side.
        tolerance: how many of 255 levels compression may have moved a border's pixels: a line
            belongs to a border when they are half of that away on average, and nearly none is
            twice that away. Up to 16 lines beside a clear edge may be worse.

    Returns:
        The part within the borders; the same object when there are none.
    """
    box = content_box(array_of(picture), colour=colour, tolerance=tolerance)
    return picture if box == (0, 0, *picture.size) else picture.crop(box)


def content_box(
    pixels: NDArray[np.uint8], *, colour: Colour | None = BLACK, tolerance: int = TOLERANCE
) -> Box:
    """Where `trim_borders` would cut (height, width, 3) pixels: left, top, right, bottom."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = whole = 0, 0, width, height
    colours = [colour] * 4
    sharp = colour is None
    while True:
        before = left, top, right, bottom
        # Sides of different colours meet in corners that belong to one of them only: once that
        # one is cut, the other is plain.
        lines = pixels[top:bottom, left:right]
        cut, colours[0] = _border(lines, colours[0], tolerance, sharp)
        top += cut
        cut, colours[1] = _border(lines[cut:][::-1], colours[1], tolerance, sharp)
        bottom -= cut
        lines = pixels[top:bottom, left:right].swapaxes(0, 1)
        cut, colours[2] = _border(lines, colours[2], tolerance, sharp)
        left += cut
        cut, colours[3] = _border(lines[cut:][::-1], colours[3], tolerance, sharp)
        right -= cut
        if not _sensible(right - left, bottom - top, width, height):
            return whole
        if (left, top, right, bottom) == before:
            return before


def _sensible(width: int, height: int, whole_width: int, whole_height: int) -> bool:
    return (
        min(width, height) >= _LEAST_PIXELS
        and width >= _LEAST_SIDE * whole_width
        and height >= _LEAST_SIDE * whole_height
        and width * height >= _LEAST_AREA * whole_width * whole_height
    )


def _border(
    lines: NDArray[np.uint8], colour: Colour | None, tolerance: int, sharp: bool
) -> tuple[int, Colour | None]:
    """How many of the first lines, (lines, pixels, 3) uint8, are border, and of which colour.

    Where no colour was given and there is no border, it stays None. With `sharp` one counts only
    where it ends sharply.
    """
    if lines.size == 0:
        return 0, colour
    of = _median(lines[0]) if colour is None else colour
    if not _is_plain(lines[:1], of, tolerance):
        return 0, colour
    looked_at = 0
    count = 0
    while looked_at < len(lines) and count + _BLOCK + 1 >= looked_at:
        looked_at = min(4 * looked_at or _LINES, len(lines))
        mean, far = _distances(lines[:looked_at], of, tolerance)
        count = _first((mean > 0.5 * tolerance) | (far > 0.01))
    # Ringing is of an edge: without one nearby, what is nearly plain is dark scenery. A border so
    # narrow that no line of it is plain needs a clearer one.
    edge = count + _first(mean[count : count + _BLOCK + 1] > (1.5 if count else 4.0) * tolerance)
    if 0 < edge < len(mean) and edge <= count + _BLOCK and mean[edge] - mean[edge - 1] > tolerance:
        count = edge
    if not count or (sharp and not _is_edge(lines[count : count + _EDGE], of, tolerance)):
        return 0, colour
    return count, of


def may_have_borders(picture: Image, *, tolerance: int = TOLERANCE) -> bool:
    """Whether any outermost line of an RGB picture is plain, black or of whatever colour.

    Where none is `content_box` finds nothing; of most pictures 0.04 ms tell.
    """
    width, height = picture.size
    for box in (
        (0, 0, width, 1),
        (0, height - 1, width, height),
        (0, 0, 1, height),
        (width - 1, 0, width, height),
    ):
        line = np.frombuffer(picture.crop(box).tobytes(), np.uint8).reshape(1, -1, 3)
        # Green alone rules nearly all out.
        if _spread(line[0, :, 1]) <= 4 * tolerance and (
            _is_plain(line, BLACK, tolerance) or _is_plain(line, _median(line[0]), tolerance)
        ):
            return True
    return False


def _spread(levels: NDArray[np.uint8]) -> int:
    """Between which (n,) levels are that stay when at each end as many go as may be far."""
    most = int(_FAR_SHARE * len(levels))
    ordered = np.partition(levels, (most, len(levels) - 1 - most))
    return int(ordered[-1 - most]) - int(ordered[most])


def _is_plain(line: NDArray[np.uint8], colour: Colour, tolerance: int) -> bool:
    """Whether a (1, pixels, 3) line could be the outermost of a border."""
    mean, far = _distances(line, colour, tolerance)
    return bool(mean[0] <= tolerance and far[0] <= _FAR_SHARE)


def _is_edge(lines: NDArray[np.uint8], colour: Colour, tolerance: int) -> bool:
    """Whether lines that follow a border are of another colour nearly along the whole side.

    Left out are both ends: they may be borders of the same colour.
    """
    far = np.flatnonzero((_away(lines, colour) > 2 * tolerance).any(axis=0))
    if len(far) < _LEAST_EDGE * lines.shape[1]:
        return False
    return bool(len(far) >= _EDGE_SHARE * (far[-1] - far[0] + 1))


def _distances(
    lines: NDArray[np.uint8], colour: Colour, tolerance: int
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Of each line, the mean distance to the colour and the share of pixels far from it."""
    step = max(1, PIXELS // lines.shape[1])
    if len(lines) > step:
        parts = [lines[start : start + step] for start in range(0, len(lines), step)]
        mean, far = zip(*(_distances(part, colour, tolerance) for part in parts), strict=True)
        return np.concatenate(mean), np.concatenate(far)
    distance = _away(lines, colour)
    return distance.mean(axis=1), (distance > 2 * tolerance).mean(axis=1)


def _away(lines: NDArray[np.uint8], colour: Colour) -> NDArray[np.uint8]:
    """Of each pixel, the levels in that channel which is farthest from the colour."""
    distance = np.zeros(lines.shape[:2], np.uint8)
    for channel, value in enumerate(colour):
        levels, level = lines[:, :, channel], np.uint8(value)
        away = np.maximum(levels, level) - np.minimum(levels, level)
        np.maximum(distance, away, out=distance)
    return distance


def _median(line: NDArray[np.uint8]) -> Colour:
    red, green, blue = np.median(line, axis=0)
    return int(red), int(green), int(blue)


def _first(found: NDArray[np.bool_]) -> int:
    """Place of the first True; the length when there is none."""
    return int(found.argmax()) if found.any() else len(found)
