"""Pixels to a model's input, as its card says."""

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling

from lookalike.encoders.card import Preprocessing
from lookalike.imaging import trim_borders

_FILTERS = {
    "bilinear": Resampling.BILINEAR,
    "bicubic": Resampling.BICUBIC,
    "lanczos": Resampling.LANCZOS,
}

_REDUCING_GAP = 3.0
"""A picture more than twice this many times too large is first averaged down to about this many
times. Of 12 megapixels that takes a quarter of the time; the least cosine that three float models
had to the resizing in one step was .9996 of 12 pictures."""


class Preprocessor:
    """Resizes, crops and scales one picture at a time; safe to share between threads."""

    def __init__(self, rule: Preprocessing) -> None:
        self.rule = rule
        # A pixel has only 256 values: scaling is a table of them for each channel.
        values = np.arange(256, dtype=np.float64)[None, :] * rule.scale
        mean, std = np.array(rule.mean)[:, None], np.array(rule.std)[:, None]
        self._table = ((values - mean) / std).astype(rule.dtype)
        self._as_it_is = bool((self._table == np.arange(256)).all())

    def __call__(self, picture: Image) -> NDArray[np.floating | np.uint8]:
        """One RGB picture of any size: (3, crop, crop), or (crop, crop, 3) where NHWC."""
        if picture.mode != "RGB":
            picture = picture.convert("RGB")
        if self.rule.borders == "black":
            picture = trim_borders(picture)
        pixels = np.asarray(self.resize(picture))
        if self.rule.colour == "BGR":
            pixels = pixels[:, :, ::-1]
        if self._as_it_is:
            order = (0, 1, 2) if self.rule.layout == "NHWC" else (2, 0, 1)
            return np.ascontiguousarray(pixels.transpose(order), self.rule.dtype)
        # Looking up goes several times faster along whole planes.
        levels = np.ascontiguousarray(pixels.transpose(2, 0, 1))
        planes = np.empty(levels.shape, self.rule.dtype)
        for channel in range(3):
            np.take(self._table[channel], levels[channel], out=planes[channel], mode="clip")
        if self.rule.layout == "NHWC":
            return np.ascontiguousarray(planes.transpose(1, 2, 0))
        return planes

    def resize(self, picture: Image) -> Image:
        """The crop × crop pixels that the model sees.

        The shorter side goes to `shorter_side` and the longer one in proportion, rounded down;
        then the middle is cut out (as torchvision's Resize and CenterCrop do).
        """
        crop, resampling = self.rule.crop, _FILTERS[self.rule.interpolation]
        if self.rule.resize == "stretch":
            return picture.resize((crop, crop), resampling, reducing_gap=_REDUCING_GAP)
        picture = _middle(picture)
        short, shorter = self.rule.shorter_side, min(picture.size)
        width, height = (
            short if side == shorter else short * side // shorter for side in picture.size
        )
        left, top = round((width - crop) / 2), round((height - crop) / 2)
        # Only the crop could be computed, but then Pillow may take columns before rows, and the
        # least change of a pixel moves the embeddings of int8 models.
        resized = picture.resize((width, height), resampling, reducing_gap=_REDUCING_GAP)
        return resized.crop((left, top, left + crop, top + crop))


def _middle(picture: Image) -> Image:
    """The middle of a long strip: what is cut off is nowhere near the crop, and would cost much."""
    longest = 16 * min(picture.size)
    if max(picture.size) <= longest:
        return picture
    left, top = (max(0, (side - longest) // 2) for side in picture.size)
    return picture.crop(
        (left, top, min(left + longest, picture.width), min(top + longest, picture.height))
    )
