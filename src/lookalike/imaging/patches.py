"""Whether two pictures differ in some small place by more than compressing and resizing do."""

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling

_GREY, _COLOUR = 22.0, 32.0
"""Levels of 255 by which patches may differ in grey, and in what is not.

Of drawn invoices, charts and products, halved, doubled or compressed at quality 50, the worst
patch differs by 18 and 21 levels; another digit of 14 pixels by 28 or more, another word by 42.
"""

_AROUND_GREY, _AROUND_COLOUR = 2, 4
"""Half the side of the patches in pixels: files keep less of colours."""

_SHIFTS = sorted(
    ((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)),
    key=lambda shift: abs(shift[0]) + abs(shift[1]),
)
"""Pixels by which the one may lie beside the other: a border was cut off."""


def same_patches(one: Image, other: Image) -> bool:
    """Whether every patch of two RGB pictures of the same frame has the same mean, or nearly.

    They may differ in size, and are compared at the smaller. One that is lighter or has other
    colours is not the same. Takes 50 ms for a megapixel, and more where they differ.
    """
    size = min(one.size, other.size, key=lambda sides: sides[0] * sides[1])
    ours, theirs = _levels(one, size), _levels(other, size)
    return any(_near(ours, np.roll(theirs, shift, (0, 1))) for shift in _SHIFTS)


def _near(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> bool:
    apart = ours - theirs
    apart[[0, -1]] = apart[:, [0, -1]] = 0  # rolled over from the other side
    if np.abs(_means(apart[:, :, :1], _AROUND_GREY)).max() > _GREY:
        return False
    return bool(np.abs(_means(apart[:, :, 1:], _AROUND_COLOUR)).max() <= _COLOUR)


def _levels(picture: Image, size: tuple[int, int]) -> NDArray[np.float32]:
    """(h, w, 4): grey, and by how much red, green and blue differ from it."""
    if picture.size != size:
        picture = picture.resize(size, Resampling.BILINEAR)
    colours = np.asarray(picture, np.float32)
    grey = colours @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.dstack([grey, colours - grey[:, :, None]])


def _means(levels: NDArray[np.float32], around: int) -> NDArray[np.float32]:
    """Those of the window of 2 × `around` + 1 pixels a side around each pixel."""
    side = 2 * around + 1
    for axis in (0, 1):
        edges = [(around + 1, around) if each == axis else (0, 0) for each in range(3)]
        sums = np.pad(levels, edges, mode="edge").cumsum(axis=axis, dtype=np.float64)
        high = np.take(sums, range(side, sums.shape[axis]), axis)
        low = np.take(sums, range(sums.shape[axis] - side), axis)
        levels = ((high - low) / side).astype(np.float32)
    return levels
