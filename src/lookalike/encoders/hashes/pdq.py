"""PDQ: 256 bits of a picture's low frequencies, and how far they can be trusted.

Meta's hash for matching photographs between services ("The TMK+PDQF video-hashing algorithm and
the PDQ image-hashing algorithm", 2019; reference code in facebook/ThreatExchange, pdq/), the same
bits and quality as the reference: luma, blurred by two passes of a box filter each way, 64 × 64
pixels of that, cosine transform; a bit says whether one of the frequencies 1..16 × 1..16 is above
their median. All steps are in float32 and in the reference's order, so that even bits which the
last place decides are the same.

A picture with a side above 512 pixels is first stretched to 512 × 512, as the reference program
for files does (which takes the nearest pixel for it, where this averages): on pictures of 12
megapixels that makes 2.5 bits of difference on average. Programs that hash the picture at full
size, as the Python package pdqhash does, differ from both by 15 bits on average, 24 at most
(benchmarks/pdq.py). Meta's own advice is to take up to 31 for the same picture.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling

BITS = 256
SIDE = 64
_LARGEST = 512
_SMALLEST = 5
"""Shorter sides have no hash in the reference: all bits 0, and quality 0."""
_LINES = 32


def prepare(picture: Image) -> NDArray[np.float32]:
    """The (64, 64) blurred luma of one RGB picture, 0..255; NaN when it is too small."""
    return _points(picture, _centres).reshape(SIDE, SIDE)


def prepare_flipped(picture: Image) -> NDArray[np.float32]:
    """The same of it as it is, mirrored, and top to bottom, each flipped back: (2, 2, 64, 64).

    The first axis says whether it was flipped top to bottom, the second whether left to right.
    The points and the windows do not lie symmetrically, so these are four; all from one blurring,
    which at the edges is not quite that of the flipped picture.
    """
    points = _points(picture, _both_ways)
    return points.reshape(2, SIDE, 2, SIDE).swapaxes(1, 2)


def _points(picture: Image, places: Callable[[int], NDArray[np.int64]]) -> NDArray[np.float32]:
    """The blurred luma in the lines and columns at the places that are named of a side."""
    if max(picture.size) > _LARGEST:
        picture = picture.resize((_LARGEST, _LARGEST), Resampling.BILINEAR)
    pixels = np.asarray(picture.convert("RGB"))
    if min(pixels.shape[:2]) < _SMALLEST:
        count = len(places(SIDE))
        return np.full((count, count), np.nan, np.float32)
    luma = _luma(pixels)
    if luma.shape == (SIDE, SIDE):
        own = np.resize(np.arange(SIDE), len(places(SIDE)))
        return luma[np.ix_(own, own)]
    rows, columns = luma.shape
    luma = _box(luma.T, _window(columns))
    luma = _box(luma.T, _window(rows))
    # Of the last passes nothing else is looked at.
    luma = _box(luma.T, _window(columns), places(columns))
    return _box(luma.T, _window(rows), places(rows))


def bits(batch: NDArray[np.float32]) -> NDArray[np.bool]:
    """Bits of (n, 64, 64) prepared pictures, (n, 256), in the order of Meta's hex digits."""
    wide = np.zeros((len(batch), 16, SIDE), np.float32)
    for k in range(SIDE):
        wide += _DCT[:, k, None] * batch[:, k, None, :]
    low = np.zeros((len(batch), 16, 16), np.float32)
    for k in range(SIDE):
        low += wide[:, :, k, None] * _DCT[:, k]
    flat = low.reshape(-1, BITS)[:, ::-1]
    above: NDArray[np.bool] = flat > np.partition(flat, 127, axis=1)[:, 127:128]
    return above


def qualities(batch: NDArray[np.float32]) -> NDArray[np.int64]:
    """How much structure (n, 64, 64) prepared pictures have, 0..100.

    The sum of the differences of neighbours, each in whole hundredths of the range, over 90.
    """
    total = np.zeros(len(batch), np.int64)
    with np.errstate(invalid="ignore"):  # too small a picture is not a number, and counts 0
        for axis in (1, 2):
            steps = np.diff(batch, axis=axis) * np.float32(100) / np.float32(255)
            total += np.abs(np.nan_to_num(steps).astype(np.int64)).sum(axis=(1, 2))
    return np.minimum(total // 90, 100)


def _luma(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(height, width) of (height, width, 3), a few lines at a time: they stay in the cache."""
    luma = np.empty(pixels.shape[:2], np.float32)
    for top in range(0, len(pixels), _LINES):
        part = slice(top, top + _LINES)
        red, green, blue = np.moveaxis(pixels[part], 2, 0)
        luma[part] = red * 0.299 + green * 0.587 + blue * 0.114
    return luma


def _window(side: int) -> int:
    """Pixels of a box filter: half of what becomes one of the 64, rounded up."""
    return (side + 2 * SIDE - 1) // (2 * SIDE)


def _centres(side: int) -> NDArray[np.int64]:
    """Which of the pixels of a side become the 64."""
    return ((np.arange(SIDE) + 0.5) * side / SIDE).astype(np.int64)


def _both_ways(side: int) -> NDArray[np.int64]:
    """The same, and where they are when the side is reversed.

    An even window has a pixel more ahead than behind, twice; reversed, that is behind.
    """
    centres = _centres(side)
    shift = 2 * (1 - _window(side) % 2)
    return np.concatenate([centres, np.maximum(side - 1 - shift - centres[::-1], 0)])


def _box(
    values: NDArray[np.float32], window: int, kept: NDArray[np.int64] | slice = slice(None)
) -> NDArray[np.float32]:
    """Means over a window that slides along the first axis, smaller at both ends; those kept.

    One running sum, to which what enters is added before what leaves is taken off.
    """
    length, ahead = len(values), window // 2
    lines = list(np.ascontiguousarray(values))
    sums = np.empty((length + ahead, values.shape[1]), np.float32)
    total: NDArray[Any] = np.zeros(values.shape[1], np.float32)
    with_both = np.empty_like(total)
    for i in range(len(sums)):
        if i < window:
            np.add(total, lines[i], sums[i])
        elif i < length:
            np.add(total, lines[i], with_both)
            np.subtract(with_both, lines[i - window], sums[i])
        else:
            np.subtract(total, lines[i - window], sums[i])
        total = sums[i]
    ends = np.arange(ahead, length + ahead) + 1
    inside = np.minimum(ends, length) - np.maximum(ends - window, 0)
    means = sums[ahead:][kept]
    means /= inside[kept, None].astype(np.float32)
    return means


def _dct_rows() -> NDArray[np.float32]:
    """Rows 1..16 of the 64-point cosine transform (type II): (16, 64)."""
    i, j = np.arange(1, 17)[:, None], np.arange(SIDE)[None, :]
    scale = np.float64(np.float32(np.sqrt(2 / SIDE)))
    rows: NDArray[np.float32] = (scale * np.cos(np.pi / 2 / SIDE * i * (2 * j + 1))).astype(
        np.float32
    )
    return rows


_DCT = _dct_rows()
