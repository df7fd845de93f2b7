"""Where in a query a photograph stands: on a page, on a screen, or turned on a plain ground.

Both are told from a small version by plain colour alone, in some 10 ms, and within one where
neither the outermost lines nor the corners are plain, as in most photographs.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling, Transform

from lookalike.copies.quadrilateral import Corners, area, degrees, quadrilateral, sides
from lookalike.copies.views import WHOLE, Box, cut
from lookalike.imaging.perspective import coefficients

_SIDE = 256
"""Longer side in pixels of what is looked at."""
_LARGEST = 400
"""Longer side of a picture that was straightened."""
_LEAST_AREA = 0.04
_MOST_AREA = 0.97
"""Share of the query that a photograph in it has."""
_TOLERANCE = 28
"""How many of 255 levels a plain ground may be away from its colour."""
_MOST = 3
"""How many are found at most."""
_FILLED = 0.7
"""Share of what is within a frame that is not of the ground's colour."""

_SHADES = 10
"""How many of 255 levels a page's colour is moved by compression."""
_EXACT, _EDGE, _BAND = 3, 0.55, 3
"""How many levels apart is one colour, the share of a line that is of it, and in how many outermost
lines: walls and skies have more colours."""
_ACROSS, _WITHIN = 0.2, 0.6
"""Share of a line that is not plain, where a photograph crosses it: of all, and of its width."""
_BEYOND = 0.15
"""The same of the line just beyond its edge."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A photograph within the query.

    `image` is RGB, turned back and without perspective where it was `straightened`: then that
    says by how many degrees, clockwise, it had been turned, -45 to 45. `box` is around it.
    """

    image: Image = field(compare=False, repr=False)
    box: Box
    straightened: float | None = None


def frames(image: Image) -> list[Frame]:
    """The photographs that an RGB picture shows within itself; of most there are none.

    Of a page within the bars of a screen that page comes first, and then what it shows.
    """
    pixels = _small(image)
    frame = _on_plain_ground(image, pixels)
    found = [] if frame is None else [frame]
    box = WHOLE
    while len(found) < _MOST and (part := _on_page(pixels)) is not None:
        image, box = cut(image, part), _within(box, part)
        found.append(Frame(image, box))
        pixels = _small(image)
    return found


def _small(image: Image) -> NDArray[np.int16]:
    shrunk = min(1.0, _SIDE / max(image.size))
    size = tuple(max(1, round(side * shrunk)) for side in image.size)
    resized = image.resize((size[0], size[1]), Resampling.BOX, reducing_gap=2.0)
    return np.asarray(resized, np.int16)


def _on_plain_ground(image: Image, pixels: NDArray[np.int16]) -> Frame | None:
    """One that was turned, or is seen from a side: the corners of the query are of one colour."""
    height, width = pixels.shape[:2]
    if min(height, width) < 16:
        return None
    ends = np.array(
        [pixels[y, x].reshape(-1, 3).mean(axis=0) for y in _ENDS for x in _ENDS], np.float32
    )
    ground = np.median(ends, axis=0)
    if (np.abs(ends - ground).max(axis=1) > _TOLERANCE).sum() > 1:
        return None
    seen = np.abs(pixels - ground.astype(np.int16)).max(axis=2) > _TOLERANCE
    corners = quadrilateral(seen)
    if corners is None:
        return None
    whole = area(corners)
    if not _LEAST_AREA <= whole / (width * height) <= _MOST_AREA:
        return None
    if seen.sum() < _FILLED * whole or not _straight(seen, corners):
        return None
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    if whole > 0.97 * (right - left) * (bottom - top):
        return None  # Upright: a border, and those are trimmed.
    scale = np.array(image.size) / (width, height)
    box = _fractions(left, top, right, bottom, width, height)
    return Frame(_straightened(image, corners * scale), box, degrees(corners))


_ENDS = (slice(0, 2), slice(-2, None))


def _straight(seen: NDArray[np.bool], corners: Corners) -> bool:
    """Whether what is seen reaches to at least three of the sides along most of their length."""
    height, width = seen.shape
    inner = corners + (corners.mean(axis=0) - corners) * 0.04
    along = np.linspace(0.05, 0.95, 40)[:, None]
    reached = 0
    for a, b in zip(inner, np.roll(inner, -1, axis=0), strict=True):
        x, y = (a + (b - a) * along).T
        at = seen[np.clip(y, 0, height - 1).astype(int), np.clip(x, 0, width - 1).astype(int)]
        reached += at.mean() >= _FILLED
    return reached >= 3


def _straightened(image: Image, corners: Corners) -> Image:
    """What is within four corners in pixels, drawn as the rectangle that it was."""
    across, down = sides(corners)
    shrunk = min(1.0, _LARGEST / max(across, down))
    width, height = max(1, round(across * shrunk)), max(1, round(down * shrunk))
    own = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]
    seen = [(float(x), float(y)) for x, y in corners]
    return image.transform(
        (width, height), Transform.PERSPECTIVE, coefficients(own, seen), Resampling.BILINEAR
    )


def _on_page(pixels: NDArray[np.int16]) -> Box | None:
    """One between the plain colours of a page: of lines crossed by it only it is left."""
    plain = _plain(pixels)
    if plain is None:
        return None
    height, width = plain.shape
    seen = ~plain
    left, right = 0, width
    top, bottom = _longest(seen.mean(axis=1) >= _ACROSS)
    for _ in range(3):
        before = left, top, right, bottom
        if bottom - top < 8:
            return None
        first, last = _longest(seen[top:bottom].mean(axis=0) >= _WITHIN)
        left, right = first, last
        if right - left < 8:
            return None
        top, bottom = _longest(seen[:, left:right].mean(axis=1) >= _WITHIN)
        if (left, top, right, bottom) == before:
            break
    size = (right - left) * (bottom - top)
    if not _LEAST_AREA <= size / (width * height) <= _MOST_AREA:
        return None
    if seen[top:bottom, left:right].mean() < _FILLED:
        return None
    if not _has_edges(seen, left, top, right, bottom):
        return None
    return _fractions(left, top, right, bottom, width, height)


def _has_edges(seen: NDArray[np.bool], left: int, top: int, right: int, bottom: int) -> bool:
    """Whether what is seen ends at all four sides of a rectangle, along most of their length.

    That tells photographs from things photographed before something plain.
    """
    turned = seen.T
    beyond = (
        seen[:top, left:right][::-1], seen[bottom:, left:right],
        turned[:left, top:bottom][::-1], turned[right:, top:bottom],
    )  # fmt: skip
    # The next line holds both.
    return all(len(lines) < 2 or lines[1].mean() <= _BEYOND for lines in beyond)


def _plain(pixels: NDArray[np.int16]) -> NDArray[np.bool] | None:
    """(height, width): what is of the plain colours that a page has at its edges; None without.

    The bars at the upper and lower edge of a screen are of other colours than what they hold.
    """
    found = None
    turned = pixels.swapaxes(0, 1)
    for lines in (pixels, pixels[::-1], turned, turned[::-1]):
        colour = np.median(lines[0], axis=0).astype(np.int16)
        band = np.abs(lines[:_BAND] - colour).max(axis=2) <= _EXACT
        if (band.mean(axis=1) < _EDGE).any():
            continue
        like = np.abs(pixels - colour).max(axis=2) <= _SHADES
        found = like if found is None else found | like
    return found


def _longest(lines: NDArray[np.bool]) -> tuple[int, int]:
    """Start and end of the longest run, with gaps of a hundredth of it closed."""
    gap = max(2, len(lines) // 100)
    where = np.flatnonzero(lines)
    if not len(where):
        return 0, 0
    breaks = np.flatnonzero(np.diff(where) > gap)
    starts = where[np.r_[0, breaks + 1]]
    ends = where[np.r_[breaks, len(where) - 1]] + 1
    best = int(np.argmax(ends - starts))
    return int(starts[best]), int(ends[best])


def _within(box: Box, part: Box) -> Box:
    """A part of what is in a box, as a part of the whole."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    return (
        left + part[0] * width, top + part[1] * height,
        left + part[2] * width, top + part[3] * height,
    )  # fmt: skip


def _fractions(
    left: float, top: float, right: float, bottom: float, width: int, height: int
) -> Box:
    def part(value: float, whole: int) -> float:
        return float(min(max(value / whole, 0.0), 1.0))

    box = part(left, width), part(top, height), part(right, width), part(bottom, height)
    return box if box[0] < box[2] and box[1] < box[3] else WHOLE
