"""Edited copies of a picture, as people and services make them; the same ones every time.

    from edits import EDITS, edited
    data = edited(image, "crop-80", seed=7)     # a JPEG file's bytes

What an edit leaves to chance (where to cut, where to write) comes from its name and the seed.
"""

import io
import random
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Edit = Callable[[Image.Image, random.Random], Image.Image]
QUALITY = 90
"""Of the JPEG that an edited copy is saved as; "jpeg-8" has its own."""


def edited(image: Image.Image, name: str, seed: int) -> bytes:
    """The edit of that name of an RGB picture, as a JPEG file."""
    changed = EDITS[name](image, random.Random(zlib.crc32(name.encode()) + seed))
    stream = io.BytesIO()
    changed.save(stream, "JPEG", quality=8 if name == "jpeg-8" else QUALITY)
    return stream.getvalue()


def unchanged(image: Image.Image, _rng: random.Random) -> Image.Image:
    """For what saving alone does."""
    return image


def quarter_size(image: Image.Image, _rng: random.Random) -> Image.Image:
    """Each side a quarter as long."""
    return image.resize((max(1, image.width // 4), max(1, image.height // 4)))


def crop(part: float) -> Edit:
    """A piece with this part of each side, anywhere."""

    def cut(image: Image.Image, rng: random.Random) -> Image.Image:
        width, height = int(image.width * part), int(image.height * part)
        left, top = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
        return image.crop((left, top, left + width, top + height))

    return cut


def border(colour: str) -> Edit:
    """A frame of a tenth of the longer side."""
    return lambda image, _rng: ImageOps.expand(image, max(image.size) // 10, colour)


def rotate(degrees: float) -> Edit:
    """Turned, either way; the corners it leaves are black."""
    return lambda image, rng: image.rotate(
        degrees * rng.choice((1, -1)), Image.Resampling.BICUBIC, expand=True
    )


def mirror(image: Image.Image, _rng: random.Random) -> Image.Image:
    """Left and right swapped."""
    return ImageOps.mirror(image)


def text(image: Image.Image, rng: random.Random) -> Image.Image:
    """Two lines in large white letters with black edges, across the top and the bottom."""
    changed = image.copy()
    draw = ImageDraw.Draw(changed)
    font = ImageFont.load_default(max(8, min(image.height // 9, image.width // 10)))
    words = ["WHEN YOU SEE IT", "NOT AGAIN", "MONDAY MORNING", "THIS IS FINE", "HELLO THERE"]
    for line, part in zip(rng.sample(words, 2), (0.1, 0.9), strict=True):
        place = (image.width / 2, image.height * part)
        draw.text(place, line, "white", font, "mm", stroke_width=2, stroke_fill="black")
    return changed


def watermark(image: Image.Image, rng: random.Random) -> Image.Image:
    """A faint slanted text all over."""
    layer = Image.new("L", (image.width * 2, image.height * 2), 0)
    draw = ImageDraw.Draw(layer)
    font = ImageFont.load_default(max(10, image.width // 14))
    step = image.width // 6
    shift = rng.randrange(step)
    for row, top in enumerate(range(0, layer.height, step)):
        for left in range(-shift * (row % 2), layer.width, step * 3):
            draw.text((left, top), "SAMPLE PHOTO", 90, font)
    layer = layer.rotate(30, Image.Resampling.BICUBIC)
    left, top = image.width // 2, image.height // 2
    mask = layer.crop((left, top, left + image.width, top + image.height))
    return Image.composite(Image.new("RGB", image.size, "white"), image, mask)


def blur(image: Image.Image, _rng: random.Random) -> Image.Image:
    """Gaussian, of a radius of a hundredth of the longer side."""
    return image.filter(ImageFilter.GaussianBlur(max(image.size) / 100))


def noise(image: Image.Image, rng: random.Random) -> Image.Image:
    """Gaussian, of a standard deviation of 25 of 255."""
    pixels = np.asarray(image, np.float32)
    added = np.random.default_rng(rng.getrandbits(32)).normal(0, 25, pixels.shape)
    return Image.fromarray(np.clip(pixels + added, 0, 255).astype(np.uint8))


def grey(image: Image.Image, _rng: random.Random) -> Image.Image:
    """No colours."""
    return ImageOps.grayscale(image).convert("RGB")


def enhance(kind: Callable[[Image.Image], ImageEnhance._Enhance], factor: float) -> Edit:
    """Brightness, contrast or colour times a factor."""
    return lambda image, _rng: kind(image).enhance(factor)


def perspective(image: Image.Image, rng: random.Random) -> Image.Image:
    """Seen from a side: each corner moved inwards by up to an eighth."""
    width, height = image.size
    moved = [
        (x * width + (0.5 - x) * width * rng.uniform(0, 0.25),
         y * height + (0.5 - y) * height * rng.uniform(0, 0.25))
        for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]  # fmt: skip
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    rows, values = [], []
    for (x, y), (u, v) in zip(moved, corners, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
        values += [u, v]
    solved = np.linalg.solve(np.array(rows), np.array(values))
    return image.transform(
        image.size, Image.Transform.PERSPECTIVE, solved.tolist(), Image.Resampling.BICUBIC
    )


def screenshot(image: Image.Image, rng: random.Random) -> Image.Image:
    """On a telephone's screen: bars, a name, a line of words, the picture across the middle."""
    width = 540
    shown = image.resize((width, max(1, image.height * width // image.width)))
    height = max(960, shown.height + 260)
    screen = Image.new("RGB", (width, height), rng.choice(("white", "#15202b")))
    draw = ImageDraw.Draw(screen)
    ink = "black" if screen.getpixel((0, 0)) == (255, 255, 255) else "white"
    draw.rectangle((0, 0, width, 32), "#333333")
    draw.text((14, 8), "12:04", "white", ImageFont.load_default(16))
    draw.ellipse((16, 52, 64, 100), rng.choice(("#0072B2", "#D55E00", "#009E73")))
    draw.text((80, 64), "somebody · 2 h", ink, ImageFont.load_default(20))
    screen.paste(shown, (0, 130))
    below = 130 + shown.height
    draw.text((16, below + 16), "♥ 1,204   reply   share", ink, ImageFont.load_default(20))
    draw.rectangle((0, height - 48, width, height), "#333333")
    return screen


def sticker(image: Image.Image, rng: random.Random) -> Image.Image:
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


EDITS: dict[str, Edit] = {
    "jpeg-8": unchanged,
    "quarter-size": quarter_size,
    "crop-80": crop(0.8),
    "crop-50": crop(0.5),
    "black-border": border("black"),
    "white-border": border("white"),
    "rotate-5": rotate(5),
    "rotate-20": rotate(20),
    "rotate-90": rotate(90),
    "mirror": mirror,
    "text": text,
    "watermark": watermark,
    "sticker": sticker,
    "blur": blur,
    "noise": noise,
    "grey": grey,
    "brighter": enhance(ImageEnhance.Brightness, 1.5),
    "darker": enhance(ImageEnhance.Brightness, 0.5),
    "contrast": enhance(ImageEnhance.Contrast, 1.6),
    "perspective": perspective,
    "screenshot": screenshot,
}
