"""Drawn pictures on a plain ground, no two of them alike in what they say."""

import random
from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

WORDS = [
    "river",
    "mountain",
    "invoice",
    "total",
    "window",
    "paper",
    "market",
    "coffee",
    "order",
    "number",
    "street",
    "house",
]


def invoice(seed: int, *, paper: str = "white", ink: str = "black") -> Image.Image:
    """A page of words under the same heading as all others."""
    words = random.Random(seed)
    page = Image.new("RGB", (800, 1100), paper)
    draw = ImageDraw.Draw(page)
    draw.text((60, 50), "ACME Corporation  Invoice", fill=ink, font=ImageFont.load_default(34))
    draw.line((60, 110, 740, 110), fill=ink, width=3)
    for y in range(140, 1020, 26):
        line = " ".join(words.choice(WORDS) for _ in range(10))
        draw.text((60, y), line, fill=ink, font=ImageFont.load_default(18))
    return page


def chart(seed: int) -> Image.Image:
    """Twelve bars of other heights."""
    heights = random.Random(seed)
    page = Image.new("RGB", (800, 600), "white")
    draw = ImageDraw.Draw(page)
    draw.line((60, 40, 60, 540, 760, 540), fill="black", width=2)
    for left in range(80, 740, 55):
        draw.rectangle((left, 540 - heights.randint(30, 460), left + 35, 540), fill=(60, 110, 190))
    return page


def product(seed: int) -> Image.Image:
    """A bottle with one word on it, of another colour."""
    chance = random.Random(seed)
    page = Image.new("RGB", (600, 600), "white")
    draw = ImageDraw.Draw(page)
    colour = tuple(chance.randint(0, 255) for _ in range(3))
    draw.rounded_rectangle((200, 120, 400, 500), 40, fill=colour)
    draw.rectangle((260, 70, 340, 130), fill=(40, 40, 40))
    font = ImageFont.load_default(36)
    draw.text((230, 280), chance.choice(WORDS), fill="white", font=font)
    return page


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    """The picture after a JPEG file of this quality."""
    file = BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


Draw = Callable[[int], Image.Image]
DRAWN: tuple[Draw, ...] = (invoice, chart, product)
