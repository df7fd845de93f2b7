"""dHash: 64 bits that say where a picture gets lighter from left to right.

The difference hash, the same bits as ImageHash's `dhash`: grey, 9 × 8 pixels; a bit says whether
a pixel is lighter than its left neighbour. Krawetz 2013, "Kind of Like That".
"""

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from lookalike.encoders.hashes.grey import grey

BITS = 64


def prepare(picture: Image) -> NDArray[np.uint8]:
    """Shrink one picture to (8, 9) grey."""
    return grey(picture, (9, 8))


def bits(batch: NDArray[np.uint8]) -> NDArray[np.bool]:
    """Bits of (n, 8, 9) grey pictures: (n, 64)."""
    return (batch[:, :, 1:] > batch[:, :, :-1]).reshape(-1, BITS)
