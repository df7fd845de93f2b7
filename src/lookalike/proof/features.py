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

_MOST = 1000
"""Features kept of one picture, those of the strongest contrast."""

_CONTRAST = 0.02
"""SIFT's threshold: half the usual, since blurred and dark copies have little contrast."""


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
    found, descriptors = cv2.SIFT_create(
        nfeatures=_MOST, contrastThreshold=_CONTRAST
    ).detectAndCompute(grey, None)
    if not found:
        descriptors = np.zeros((0, 128), np.float32)
    return Features(
        np.array([one.pt for one in found], np.float32).reshape(-1, 2),
        np.array([one.size for one in found], np.float32),
        np.array([one.angle for one in found], np.float32),
        _root(descriptors),
        grey,
        image.width,
        image.height,
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
