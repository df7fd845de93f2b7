"""The part of a picture within its borders, as it is fingerprinted beside the whole."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from lookalike.imaging.bands import array_of
from lookalike.imaging.borders import BLACK, Box, content_box, may_have_borders

_BLACK, _WHITE = 48, 207
_GREY = 16
"""Levels of 255 by which the channels of what is called grey differ at most."""


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What is within the borders, and their colour: "black", "white", "grey" or "coloured"."""

    image: Image
    border: str


def trimmed(picture: Image) -> Trimmed | None:
    """An RGB picture without its borders; None where it has none.

    First black ones are cut, however the picture sets itself off from them, then those of any
    other colour that end sharply (see `trim_borders`).
    """
    if not may_have_borders(picture):
        return None
    pixels = array_of(picture)
    whole = (0, 0, *picture.size)
    first = content_box(pixels, colour=BLACK)
    left, top, right, bottom = first
    within = content_box(pixels[top:bottom, left:right], colour=None)
    box = (left + within[0], top + within[1], left + within[2], top + within[3])
    if box == whole:
        return None
    border = "black" if first != whole else colour_name(_outermost(pixels, box))
    del pixels  # of a large picture there is no room for them beside a copy
    return Trimmed(picture.crop(box), border)


def _outermost(pixels: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """(n, 3): the outermost pixels of the first side that was cut."""
    left, top, _, bottom = box
    line: NDArray[np.uint8]
    if top:
        line = pixels[0]
    elif bottom < len(pixels):
        line = pixels[-1]
    else:
        line = pixels[:, 0 if left else -1]
    return line


def colour_name(pixels: NDArray[Any]) -> str:
    """Which of the four words for the colour of a border fits (n, 3) pixels."""
    levels = np.median(pixels, axis=0)
    if levels.max() <= _BLACK:
        return "black"
    if levels.min() >= _WHITE:
        return "white"
    return "grey" if levels.max() - levels.min() <= _GREY else "coloured"
