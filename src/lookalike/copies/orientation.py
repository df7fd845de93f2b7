"""The eight ways in which a picture can lie: turned by quarters, and mirrored or not.

An orientation is a number 0..7: number % 4 quarter turns anticlockwise, of the picture's mirror
image (left and right changed) from 4. These are the dihedral group of the square.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Transpose

ORIENTATIONS = range(8)

_TRANSPOSED = (
    None,
    Transpose.ROTATE_90,
    Transpose.ROTATE_180,
    Transpose.ROTATE_270,
    Transpose.FLIP_LEFT_RIGHT,
    Transpose.TRANSPOSE,
    Transpose.FLIP_TOP_BOTTOM,
    Transpose.TRANSVERSE,
)


def turned(image: Image, orientation: int) -> Image:
    """The picture in that orientation; the same object for 0."""
    way = _TRANSPOSED[orientation]
    return image if way is None else image.transpose(way)


def turned_array(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """A view of (height, width, ...) pixels in that orientation."""
    mirrored = pixels[:, ::-1] if orientation >= 4 else pixels
    return np.rot90(mirrored, orientation % 4)


def words(orientation: int) -> str:
    """What was done to a picture that has to be turned so to be its original; "" for nothing."""
    return _WORDS[orientation]


_WORDS = (
    "",
    "turned by 90° to the right",
    "upside down",
    "turned by 90° to the left",
    "mirrored",
    "mirrored and turned by 90°",
    "mirrored top to bottom",
    "mirrored and turned by 90°",
)
