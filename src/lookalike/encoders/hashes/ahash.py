"""aHash: 64 bits that say where a picture is lighter than its average.

The average hash, the same bits as ImageHash's `average_hash`: grey, 8 × 8 pixels; a bit says
whether a pixel is above their mean. Krawetz 2011, "Looks Like It".
"""

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from lookalike.encoders.hashes.grey import grey

BITS = 64


def prepare(picture: Image) -> NDArray[np.uint8]:
    """Shrink one picture to (8, 8) grey."""
    return grey(picture, (8, 8))


def bits(batch: NDArray[np.uint8]) -> NDArray[np.bool]:
    """Bits of (n, 8, 8) grey pictures: (n, 64)."""
    flat = batch.reshape(-1, BITS)
    above: NDArray[np.bool] = flat > flat.mean(axis=1, keepdims=True)
    return above
