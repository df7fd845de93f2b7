"""Local features of one picture: SIFT's places and RootSIFT descriptors, and the grey pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.proof.opencv import opencv

RECORD_SIDE = 480
"""Pixels of the longer side that a record's picture is looked at in."""

QUERY_SIDE = 720
"""The same of a query's: a picture inside another, at a quarter of its width, is still 180."""

_MOST = 900
"""Features kept of one picture, those of the strongest contrast."""

_COARSE = 200, 3
"""As many more are taken from the picture at a third of its size: where it has fine texture all
over, those of strong contrast are all small, and a small copy shows none of them."""

_CONTRASTS = 0.02, 0.005
"""SIFT's threshold: half the usual, since blurred and dark copies have little contrast, and a
lower one where that finds fewer than `_FEW`."""

_FEW = 150


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What `match` needs to know of one picture.

    `points` (n, 2) float32 are x and y in pixels of `grey`; `sizes` (n,) float32 the diameters
    and `angles` (n,) float32 the directions (degrees, clockwise from the x axis) of the features;
    `descriptors` (n, 128) float32 their unit vectors; `grey` (h, w) uint8 the picture without
    colours, at the size that was looked at; `width` and `height` are of the picture as given.
    """

    points: NDArray[np.float32]
    sizes: NDArray[np.float32]
    angles: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    grey: NDArray[np.uint8]
    width: int
    height: int

    def __len__(self) -> int:
        return len(self.points)


def extract(image: Image.Image, *, max_side: int = RECORD_SIDE) -> Features:
    """The local features of an RGB picture, at most `max_side` pixels long.

    SIFT (Lowe, 2004), descriptors as RootSIFT (Arandjelović and Zisserman, 2012).

    Args:
        image: an RGB picture of at least 1 × 1 pixel.
        max_side: pixels of the longer side; a larger picture is shrunk to it. `RECORD_SIDE` for
            pictures of a collection; `QUERY_SIDE` for a query, which may show them small.

    Raises:
        MissingExtraError: OpenCV is not installed.
    """
    cv2 = opencv()
    grey = np.asarray(_shrunk(image, max_side).convert("L"))
    found = _found(grey, _MOST)
    most, part = _COARSE
    if min(grey.shape) >= 20 * part:
        small = cv2.resize(grey, None, fx=1 / part, fy=1 / part, interpolation=cv2.INTER_AREA)
        factor = np.array([grey.shape[1] / small.shape[1], grey.shape[0] / small.shape[0]])
        points, sizes, angles, descriptors = _found(small, most)
        points = (points * factor).astype(np.float32)
        coarse = points, sizes * np.float32(factor.mean()), angles, descriptors
        found = tuple(map(np.concatenate, zip(found, coarse, strict=True)))
    points, sizes, angles, descriptors = found
    return Features(points, sizes, angles, _root(descriptors), grey, image.width, image.height)


def _found(grey: NDArray[np.uint8], most: int) -> tuple[NDArray[np.float32], ...]:
    """Points, sizes, angles and descriptors, as `Features` has them but for RootSIFT."""
    for contrast in _CONTRASTS:
        sift = opencv().SIFT_create(nfeatures=most, contrastThreshold=contrast)
        keys, descriptors = sift.detectAndCompute(grey, None)
        if len(keys) >= _FEW:
            break
    return (
        # Pixels are areas whose middles lie at one half; SIFT counts from their middles.
        np.array([one.pt for one in keys], np.float32).reshape(-1, 2) + np.float32(0.5),
        np.array([one.size for one in keys], np.float32),
        np.array([one.angle for one in keys], np.float32),
        descriptors if keys else np.zeros((0, 128), np.float32),
    )


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    longer = max(image.size)
    if longer <= side:
        return image
    size = max(1, image.width * side // longer), max(1, image.height * side // longer)
    return image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)


def _root(descriptors: NDArray[np.float32]) -> NDArray[np.float32]:
    total = np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6)
    root: NDArray[np.float32] = np.sqrt(descriptors / total)
    return root
