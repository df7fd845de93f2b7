"""The pixels of a picture a part at a time, so that a large one is not held twice more."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

PIXELS = 1 << 20
"""About how many are given out at a time."""


def bands(image: Image) -> Iterator[bytes]:
    """The rows of an RGB picture from the top, as bytes, some whole rows at a time.

    Pillow's `tobytes` needs six bytes a pixel for all of them.
    """
    rows = max(1, PIXELS // image.width)
    if rows >= image.height:
        yield image.tobytes()
        return
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height))).tobytes()


def array_of(image: Image) -> NDArray[np.uint8]:
    """(height, width, 3) uint8: the pixels of an RGB picture, in three bytes each and no more."""
    if image.width * image.height <= PIXELS:
        return np.asarray(image)
    pixels = np.empty(3 * image.width * image.height, np.uint8)
    start = 0
    for band in bands(image):
        pixels[start : start + len(band)] = np.frombuffer(band, np.uint8)
        start += len(band)
    return pixels.reshape(image.height, image.width, 3)
