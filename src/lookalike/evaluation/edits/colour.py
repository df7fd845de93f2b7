"""Edits that change the colours of pixels where they are."""

import random
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from lookalike.evaluation.edits.kind import Edit

_Others = Sequence[Image.Image]


def blur(image: Image.Image, _rng: random.Random, _others: _Others) -> Image.Image:
    """Gaussian, of a radius of a hundredth of the longer side."""
    return image.filter(ImageFilter.GaussianBlur(max(image.size) / 100))


def noise(image: Image.Image, rng: random.Random, _others: _Others) -> Image.Image:
    """Gaussian, of a standard deviation of 25 of 255."""
    pixels = np.asarray(image, np.float32)
    added = np.random.default_rng(rng.getrandbits(32)).normal(0, 25, pixels.shape)
    return Image.fromarray(np.clip(pixels + added, 0, 255).astype(np.uint8))


def grey(image: Image.Image, _rng: random.Random, _others: _Others) -> Image.Image:
    """No colours."""
    return ImageOps.grayscale(image).convert("RGB")


def enhance(kind: Callable[[Image.Image], ImageEnhance._Enhance], factor: float) -> Edit:
    """Brightness, contrast or colour times a factor."""
    return lambda image, _rng, _others: kind(image).enhance(factor)


def hue(image: Image.Image, rng: random.Random, _others: _Others) -> Image.Image:
    """Every hue turned by the same angle, between 60 and 300 degrees."""
    turned = np.array(image.convert("HSV"))
    turned[..., 0] += np.uint8(rng.randint(256 // 6, 256 - 256 // 6))
    return Image.fromarray(turned, "HSV").convert("RGB")


def invert(image: Image.Image, _rng: random.Random, _others: _Others) -> Image.Image:
    """The negative."""
    return ImageOps.invert(image)


def pixelate(columns: int) -> Edit:
    """Squares of one colour each, so many across; the size stays."""

    def change(image: Image.Image, _rng: random.Random, _others: _Others) -> Image.Image:
        rows = max(1, round(image.height * columns / image.width))
        small = image.resize((columns, rows), Image.Resampling.BOX)
        return small.resize(image.size, Image.Resampling.NEAREST)

    return change
