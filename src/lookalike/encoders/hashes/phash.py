"""pHash: 64 bits of a picture's low frequencies.

The perceptual hash by discrete cosine transform, the same bits as ImageHash's `phash`: grey,
32 × 32 pixels, cosine transform along both axes; a bit says whether one of the 8 × 8 lowest
frequencies (the constant one included) is above their median. Krawetz 2011, "Looks Like It".
"""

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from lookalike.encoders.hashes.dct import dct
from lookalike.encoders.hashes.grey import grey

BITS = 64


def prepare(picture: Image) -> NDArray[np.uint8]:
    """Shrink one picture to (32, 32) grey."""
    return grey(picture, (32, 32))


def bits(batch: NDArray[np.uint8]) -> NDArray[np.bool]:
    """Bits of (n, 32, 32) grey pictures: (n, 64)."""
    rows = dct(batch.swapaxes(-1, -2)).swapaxes(-1, -2)
    low = dct(rows)[:, :8, :8].reshape(-1, BITS)
    above: NDArray[np.bool] = low > np.median(low, axis=1, keepdims=True)
    return above
