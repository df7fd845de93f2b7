"""Edits that move pixels: sizes, crops, frames, turns."""

import random
from collections.abc import Sequence

from PIL import Image, ImageOps

from lookalike.evaluation.edits.kind import Edit
from lookalike.imaging.perspective import Point, coefficients

_Others = Sequence[Image.Image]


def quarter_size(image: Image.Image, _rng: random.Random, _others: _Others) -> Image.Image:
    """Each side a quarter as long."""
    return image.resize((max(1, image.width // 4), max(1, image.height // 4)))


def stretch(image: Image.Image, rng: random.Random, _others: _Others) -> Image.Image:
    """One side half as long again."""
    wider = rng.random() < 0.5
    size = (image.width * 3 // 2, image.height) if wider else (image.width, image.height * 3 // 2)
    return image.resize(size)


def crop(part: float) -> Edit:
    """A piece with this part of each side, anywhere."""

    def cut(image: Image.Image, rng: random.Random, _others: _Others) -> Image.Image:
        width, height = max(1, int(image.width * part)), max(1, int(image.height * part))
        left, top = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
        return image.crop((left, top, left + width, top + height))

    return cut


def border(colour: str) -> Edit:
    """A frame of a tenth of the longer side."""
    return lambda image, _rng, _others: ImageOps.expand(image, max(image.size) // 10, colour)


def letterbox(image: Image.Image, _rng: random.Random, _others: _Others) -> Image.Image:
    """Black bars along the two longer sides, each a sixth of the shorter."""
    bar = min(image.size) // 6
    return ImageOps.expand(image, (0, bar) if image.width >= image.height else (bar, 0), "black")


def rotate(degrees: float) -> Edit:
    """Turned, either way; the corners it leaves are black."""
    return lambda image, rng, _others: image.rotate(
        degrees * rng.choice((1, -1)), Image.Resampling.BICUBIC, expand=True
    )


def mirror(image: Image.Image, _rng: random.Random, _others: _Others) -> Image.Image:
    """Left and right swapped."""
    return ImageOps.mirror(image)


def upside_down_mirror(image: Image.Image, _rng: random.Random, _others: _Others) -> Image.Image:
    """Half a turn, and left and right swapped."""
    return ImageOps.flip(image)


def perspective(image: Image.Image, rng: random.Random, _others: _Others) -> Image.Image:
    """Seen from a side: each corner moved inwards by up to an eighth; black around it."""
    return moved_corners(image, image.size, inward(image.size, rng, 0.0, 0.25))


def inward(size: tuple[int, int], rng: random.Random, least: float, most: float) -> list[Point]:
    """The corners of a frame, each moved towards the centre: 0 not at all, 1 right into it."""
    width, height = size
    return [
        (
            x * width + (0.5 - x) * width * rng.uniform(least, most),
            y * height + (0.5 - y) * height * rng.uniform(least, most),
        )
        for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]


def moved_corners(
    image: Image.Image, size: tuple[int, int], corners: Sequence[Point]
) -> Image.Image:
    """The picture drawn on black so that its corners (from the upper left, clockwise) lie there."""
    width, height = image.size
    own = [(0, 0), (width, 0), (width, height), (0, height)]
    return image.transform(
        size,
        Image.Transform.PERSPECTIVE,
        coefficients(corners, own),
        Image.Resampling.BICUBIC,
    )
