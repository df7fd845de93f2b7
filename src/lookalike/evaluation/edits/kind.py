"""What an edit is, and those every picture survives on its way to others."""

import io
import random
from collections.abc import Callable, Sequence
from typing import TypeAlias

from PIL import Image

Edit: TypeAlias = Callable[[Image.Image, random.Random, Sequence[Image.Image]], Image.Image]
"""edit(picture, rng, others): RGB pictures in and out.

What it leaves to chance it takes from `rng`; `others` are photographs that it may mix in.
"""

QUALITY = 90
"""Of the JPEG that an edited copy is saved as."""


def jpeg(image: Image.Image, quality: int = QUALITY) -> bytes:
    """The bytes of a JPEG file."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def recompress(quality: int) -> Edit:
    """Saved as a JPEG of that quality and read again."""

    def change(
        image: Image.Image, _rng: random.Random, _others: Sequence[Image.Image]
    ) -> Image.Image:
        with Image.open(io.BytesIO(jpeg(image, quality))) as saved:
            return saved.convert("RGB")

    return change


def in_turn(*edits: Edit) -> Edit:
    """One edit after the other."""

    def change(
        image: Image.Image, rng: random.Random, others: Sequence[Image.Image]
    ) -> Image.Image:
        for edit in edits:
            image = edit(image, rng, others)
        return image

    return change
