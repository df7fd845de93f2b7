"""What a border that was cut off looks like, in a word."""

import numpy as np
from PIL.Image import Image

_BLACK, _WHITE = 48, 208
_GREY = 16
"""Levels of 255 by which the channels of what is called grey may differ."""


def border_colour(picture: Image) -> str:
    """The colour of a picture's outermost pixels: "black", "white", "grey" or "coloured"."""
    pixels = np.asarray(picture)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    levels = np.median(edge, axis=0)
    if levels.max() < _BLACK:
        return "black"
    if levels.min() > _WHITE:
        return "white"
    return "grey" if levels.max() - levels.min() <= _GREY else "coloured"
