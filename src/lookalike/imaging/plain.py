"""Whether most of a picture is one plain ground: an invoice, a chart, a product on white.

The hashes and the descriptors of such pictures tell them from photographs, and hardly from each
other: their ink is too little and too fine.
"""

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling

from lookalike.imaging.trimmed import trimmed

_SIDE = 96
"""Rows and columns of pixels that are looked at; no mean of them, or thin ink would be no ink."""

_LIGHT = 200
"""Level of 255 that all channels of a light ground reach: paper, and the white of a studio."""

_LIGHT_TOLERANCE, _LIGHT_SHARE = 4, 0.5
"""Levels of 255 by which compression may move a light ground, and the least part that it is."""

_DARK_TOLERANCE, _DARK_SHARE = 2, 0.65
"""The same of any other ground: nights and space are nearly as plain, but not quite."""

_FLAT_SHARE = 0.3
"""The least part of one colour in what stands within plain borders: of few photographs it is."""


def is_plain(picture: Image) -> bool:
    """Whether most of an RGB picture has one colour; takes 0.3 ms.

    Of 1,180 photographs that the thresholds were tried on one is, although some of them show the
    night sky or a thing on a black or white ground; drawn invoices and bar charts are, also as
    JPEG files at half their size.
    """
    light, share = _ground(picture)
    return share >= (_LIGHT_SHARE if light else _DARK_SHARE)


def is_plain_within(picture: Image) -> bool:
    """The same of a picture that may be framed: no frame makes a photograph plain, or a page not.

    What is within the borders must be plain, or, as of a bottle on white, have areas of one colour.
    """
    inside = trimmed(picture)
    if inside is None:
        return is_plain(picture)
    if is_plain(inside.image):
        return True
    return is_plain(picture) and _ground(inside.image)[1] >= _FLAT_SHARE


def _ground(picture: Image) -> tuple[bool, float]:
    """Whether the commonest colour is light, and the part of the picture that has it."""
    small = np.asarray(picture.resize((_SIDE, _SIDE), Resampling.NEAREST))
    pixels = small.reshape(-1, 3)
    ground = _commonest(pixels)
    away = np.abs(pixels - ground).max(axis=1)
    light = bool(ground.min() >= _LIGHT)
    return light, float((away <= (_LIGHT_TOLERANCE if light else _DARK_TOLERANCE)).mean())


def _commonest(pixels: NDArray[np.uint8]) -> NDArray[np.int16]:
    """(3,): the middle of the commonest of 32 × 32 × 32 colours, of (n, 3) pixels."""
    bins = (pixels >> 3).astype(np.intp) @ (1 << 10, 1 << 5, 1)
    of = pixels[bins == np.bincount(bins).argmax()]
    ground: NDArray[np.int16] = np.median(of, axis=0).astype(np.int16)
    return ground
