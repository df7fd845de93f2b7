"""Edits that write or draw something over a picture, or beside it."""

import random
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

_Others = Sequence[Image.Image]
_WORDS = ("WHEN YOU SEE IT", "NOT AGAIN", "MONDAY MORNING", "THIS IS FINE", "HELLO THERE")


def text(image: Image.Image, rng: random.Random, _others: _Others) -> Image.Image:
    """Two lines in large white letters with black edges, across the top and the bottom."""
    changed = image.copy()
    draw = ImageDraw.Draw(changed)
    font = ImageFont.load_default(max(8, min(image.height // 9, image.width // 10)))
    for line, part in zip(rng.sample(_WORDS, 2), (0.1, 0.9), strict=True):
        place = (image.width / 2, image.height * part)
        draw.text(place, line, "white", font, "mm", stroke_width=2, stroke_fill="black")
    return changed


def meme_caption(image: Image.Image, rng: random.Random, _others: _Others) -> Image.Image:
    """A white bar with black words above, below, or both."""
    bar = max(12, image.height // 5)
    where = rng.choice(("above", "below", "both"))
    above, below = (bar if where in (side, "both") else 0 for side in ("above", "below"))
    page = Image.new("RGB", (image.width, above + image.height + below), "white")
    page.paste(image, (0, above))
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(max(8, min(bar // 2, image.width // 11)))
    for line, high, top in zip(
        rng.sample(_WORDS, 2), (above, below), (0, above + image.height), strict=True
    ):
        if high:
            draw.text((image.width / 2, top + high / 2), line, "black", font, "mm")
    return page


def watermark(image: Image.Image, rng: random.Random, _others: _Others) -> Image.Image:
    """A faint slanted text all over."""
    layer = Image.new("L", (image.width * 2, image.height * 2), 0)
    draw = ImageDraw.Draw(layer)
    font = ImageFont.load_default(max(10, image.width // 14))
    step = max(12, image.width // 6)
    shift = rng.randrange(step)
    for row, top in enumerate(range(0, layer.height, step)):
        for left in range(-shift * (row % 2), layer.width, step * 3):
            draw.text((left, top), "SAMPLE PHOTO", 90, font)
    layer = layer.rotate(30, Image.Resampling.BICUBIC)
    left, top = image.width // 2, image.height // 2
    mask = layer.crop((left, top, left + image.width, top + image.height))
    return Image.composite(Image.new("RGB", image.size, "white"), image, mask)


def sticker(image: Image.Image, rng: random.Random, _others: _Others) -> Image.Image:
    """A yellow face over a sixteenth of the picture."""
    changed = image.copy()
    side = min(image.size) // 4
    left, top = rng.randint(0, image.width - side), rng.randint(0, image.height - side)
    draw = ImageDraw.Draw(changed)
    draw.ellipse((left, top, left + side, top + side), "#ffd93b", "#8a6d00", max(1, side // 30))
    for x in (0.3, 0.62):
        eye = (left + side * x, top + side * 0.3)
        draw.ellipse((*eye, eye[0] + side * 0.1, eye[1] + side * 0.15), "black")
    mouth = (left + side * 0.25, top + side * 0.35, left + side * 0.75, top + side * 0.8)
    draw.arc(mouth, 20, 160, "black", max(1, side // 20))
    return changed
