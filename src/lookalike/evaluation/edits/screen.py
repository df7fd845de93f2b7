"""Edits that show a picture on a screen: screenshots, and photographs of one."""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from lookalike.evaluation.edits.geometry import inward, moved_corners

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Others = Sequence[Image.Image]
_COLOURS = ("#0072B2", "#D55E00", "#009E73")
_LINES = (
    "Nobody had expected to see it here, of all places,",
    "and those who came late had to believe the others.",
    "The council will talk about it again in the spring.",
    "More about this in our edition of Saturday.",
)
_TALLEST = 8
"""How often its width a picture on a telephone may be high; higher ones are shown narrower."""


def screenshot(image: Image.Image, rng: random.Random, _others: _Others) -> Image.Image:
    """On a telephone's screen: bars, a name, a line of words, the picture across the middle."""
    width = 540
    tall = max(1, image.height * width // image.width)
    if tall > _TALLEST * width:
        wide = max(1, image.width * _TALLEST * width // image.height)
        shown = image.resize((wide, _TALLEST * width))
    else:
        shown = image.resize((width, tall))
    height = max(960, shown.height + 260)
    screen = Image.new("RGB", (width, height), rng.choice(("white", "#15202b")))
    draw = ImageDraw.Draw(screen)
    ink = "black" if screen.getpixel((0, 0)) == (255, 255, 255) else "white"
    draw.rectangle((0, 0, width, 32), "#333333")
    draw.text((14, 8), "12:04", "white", ImageFont.load_default(16))
    draw.ellipse((16, 52, 64, 100), rng.choice(_COLOURS))
    draw.text((80, 64), "somebody · 2 h", ink, ImageFont.load_default(20))
    screen.paste(shown, (0, 130))
    below = 130 + shown.height
    draw.text((16, below + 16), "♥ 1,204   reply   share", ink, ImageFont.load_default(20))
    draw.rectangle((0, height - 48, width, height), "#333333")
    return screen


def web_page(image: Image.Image, rng: random.Random, _others: _Others) -> Image.Image:
    """A screenshot of a page with words and the picture at half its size."""
    shown = image.resize((max(1, image.width // 2), max(1, image.height // 2)))
    width = max(320, image.width)
    unit = width // 40
    height = shown.height + unit * 20
    page = Image.new("RGB", (width, height), rng.choice(("white", "#fdf6e3", "#1e1e1e")))
    draw = ImageDraw.Draw(page)
    ink = "white" if page.getpixel((0, 0)) == (30, 30, 30) else "black"
    draw.rectangle((0, 0, width, unit * 3), rng.choice(_COLOURS))
    draw.text((unit, unit), "The Daily Page", "white", ImageFont.load_default(unit * 1.5))
    draw.text((unit, unit * 4), "Seen again in town", ink, ImageFont.load_default(unit * 2))
    left = rng.choice((unit, width - unit - shown.width))
    page.paste(shown, (left, unit * 7))
    small = ImageFont.load_default(max(8, unit))
    aside = shown.width + unit * 2 if left == unit else unit
    columns = max(1, (width - shown.width - unit * 3) * 2 // max(8, unit))
    for number, top in enumerate(range(unit * 7, unit * 7 + shown.height - unit, unit * 2)):
        draw.text((aside, top), _LINES[number % 4][:columns], ink, small)
    for number, line in enumerate(_LINES):
        draw.text((unit, shown.height + unit * (9 + 2 * number)), line, ink, small)
    return page


def photographed(image: Image.Image, rng: random.Random, _others: _Others) -> Image.Image:
    """A photograph of a screen: its grid (moiré), another gamma, from a side, out of focus."""
    seen = Image.fromarray(_grid(np.asarray(image, np.float32) / np.float32(255), rng))
    seen = moved_corners(seen, image.size, inward(image.size, rng, 0.05, 0.25))
    seen = seen.filter(ImageFilter.GaussianBlur(max(image.size) / rng.uniform(300, 500)))
    lit = np.asarray(seen, np.float32) + rng.uniform(4, 12)  # the room's light on dark glass
    grain = np.random.default_rng(rng.getrandbits(32)).normal(0, 4, lit.shape)
    return Image.fromarray(np.clip(lit + grain, 0, 255).astype(np.uint8))


def _grid(pixels: "NDArray[np.float32]", rng: random.Random) -> "NDArray[np.uint8]":
    """Pixels (height, width, 3), 0..1, of another gamma and under two gratings of slanted waves.

    The three colours of a screen lie beside each other, so each has the waves a third later.
    """
    height, width = pixels.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    changed = pixels ** np.float32(rng.choice((rng.uniform(0.6, 0.8), rng.uniform(1.25, 1.6))))
    for _ in range(2):
        angle, length = rng.uniform(0, np.pi), rng.uniform(4, 14)
        along = (x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / length)
        late = np.array([0, 2 * np.pi / 3, 4 * np.pi / 3], np.float32)
        changed = changed * (1 + rng.uniform(0.08, 0.16) * np.sin(along[..., None] + late))
    tint = np.array([rng.uniform(0.9, 1.0) for _ in range(3)], np.float32)
    shown: NDArray[np.uint8] = np.clip(changed * tint * 255, 0, 255).astype(np.uint8)
    return shown
