"""wHash: 64 bits of a picture's Haar wavelet transform.

The wavelet hash, the same bits as ImageHash's `whash`: grey, resized to the largest square of a
power of two that the shorter side holds (at least 8), the mean taken out, and Haar wavelets until
8 × 8 coefficients are left; a bit says whether one is above their median. The method comes from
the Avito duplicate detection of 2016 by way of ImageHash; Haar 1910.

Those coefficients are, but for a factor, the means of 8 × 8 blocks, and sums of whole numbers say
exactly which are above the median. Only where the two middle ones are equal (flat and symmetric
pictures) the last place of a float decides, and the wavelets are computed step by step as
PyWavelets does.
"""

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from lookalike.encoders.hashes.grey import grey

BITS = 64
_SIDE = 8
_HALF = 0.7071067811865476  # of the Haar filters: 1/√2


def prepare(picture: Image) -> NDArray[np.bool]:
    """The bits of one picture, (8, 8); its size in pixels is needed for them."""
    side = max(_SIDE, 1 << (min(picture.size).bit_length() - 1))
    pixels = grey(picture, (side, side))
    block = side // _SIDE
    low: NDArray[np.int64] | NDArray[np.float64]
    low = pixels.reshape(_SIDE, block, _SIDE, block).sum(axis=(1, 3), dtype=np.int64)
    lower, upper = np.partition(low, (31, 32), axis=None)[31:33]
    if lower == upper:
        low = _low(_without_mean(pixels / 255.0))
    above: NDArray[np.bool] = low > np.median(low)
    return above


def bits(batch: NDArray[np.bool]) -> NDArray[np.bool]:
    """Bits of (n, 8, 8) prepared pictures: (n, 64)."""
    return batch.reshape(-1, BITS)


def _low(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 8 × 8 coefficients of lowest frequency."""
    while len(pixels) > _SIDE:
        pixels = _split(pixels)[0]
    return pixels


def _without_mean(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """All the way down, the last coefficient put to zero, and all the way up again."""
    if len(pixels) == 1:
        return pixels * 0
    low, across, along, both = _split(pixels)
    rows = _merge(_without_mean(low), across), _merge(along, both)
    return _merge(rows[0].T, rows[1].T).T


def _split(pixels: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """One level: low, high across columns, high along rows, and high in both."""
    low, high = _halves(pixels.T)
    return (*_halves(low.T), *_halves(high.T))


def _halves(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums and differences of neighbours along the last axis."""
    even, odd = rows[:, ::2] * _HALF, rows[:, 1::2] * _HALF
    return odd + even, even - odd


def _merge(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of `_halves`."""
    merged = np.empty((len(low), 2 * low.shape[1]))
    low, high = low * _HALF, high * _HALF
    merged[:, ::2] = low + high
    merged[:, 1::2] = low - high
    return merged
