"""Pixels to a model's input, as its card says."""

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling

from lookalike.encoders.card import Preprocessing

_FILTERS = {
    "bilinear": Resampling.BILINEAR,
    "bicubic": Resampling.BICUBIC,
    "lanczos": Resampling.LANCZOS,
}


class Preprocessor:
    """Resizes, crops and scales one picture at a time; safe to share between threads."""

    def __init__(self, rule: Preprocessing) -> None:
        self.rule = rule
        # A pixel has only 256 values: scaling is a table of them for each channel.
        values = np.arange(256, dtype=np.float64)[None, :] * rule.scale
        mean, std = np.array(rule.mean)[:, None], np.array(rule.std)[:, None]
        self._table = ((values - mean) / std).astype(rule.dtype)

    def __call__(self, picture: Image) -> NDArray[np.floating]:
        """One RGB picture of any size: (3, crop, crop), or (crop, crop, 3) where NHWC."""
        pixels = np.asarray(self.resize(picture.convert("RGB")))
        if self.rule.colour == "BGR":
            pixels = pixels[:, :, ::-1]
        planes = np.empty((3, *pixels.shape[:2]), self.rule.dtype)
        for channel in range(3):
            np.take(self._table[channel], pixels[:, :, channel], out=planes[channel], mode="clip")
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
            return picture.resize((crop, crop), resampling)
        picture = _middle(picture)
        short, shorter = self.rule.shorter_side, min(picture.size)
        width, height = (
            short if side == shorter else short * side // shorter for side in picture.size
        )
        left, top = round((width - crop) / 2), round((height - crop) / 2)
        resized = picture.resize((width, height), resampling)
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
