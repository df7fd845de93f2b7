"""Two photographs of one scene, made from others: what a proof must not take for a copy."""

import io
import random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.float32]

SIDE = 640
"""Pixels of the longer side of what is made."""


def another_thing(
    ground: Image.Image, things: list[Image.Image], seed: int
) -> tuple[Image.Image, Image.Image]:
    """Two things on the same ground, each photographed once: shots of two garments on a carpet."""
    rng = random.Random(seed)  # noqa: S311 - to be the same again
    base = _patterned(ground, rng) if rng.random() < 0.5 else _fitted(ground)
    first = with_thing(base, things[0], rng)
    second = with_thing(_moved(base, rng, rng.choice([0.0, 0.002, 0.005, 0.012])), things[1], rng)
    return _shot(first, rng), _shot(second, rng)


def again(picture: Image.Image, things: list[Image.Image], seed: int) -> Image.Image:
    """A second shot of a picture's scene, whose depth moved its parts by different amounts."""
    rng = random.Random(seed)  # noqa: S311 - to be the same again
    moved = _moved(_fitted(picture), rng, rng.choice([0.006, 0.012, 0.025]))
    if rng.random() < 0.3:
        moved = with_thing(moved, things[0], rng, (0.15, 0.4))
    return _shot(moved, rng)


def with_thing(
    ground: Image.Image,
    thing: Image.Image,
    rng: random.Random,
    sides: tuple[float, float] = (0.45, 0.85),
) -> Image.Image:
    """The ground with something on it, of a shape without corners, near the middle."""
    width, height = ground.size
    own = round(width * rng.uniform(*sides)), round(height * rng.uniform(*sides))
    if rng.random() < 0.5:
        stuff = thing.resize(own)
    else:
        # A plain garment: one colour, and soft folds.
        colour = tuple(rng.randrange(10, 230) for _ in range(3))
        folds = thing.convert("L").resize(own).filter(ImageFilter.GaussianBlur(own[0] / 25))
        stuff = Image.blend(Image.new("RGB", own, colour), folds.convert("RGB"), 0.15)
    x = (width - own[0]) // 2 + round(width * rng.uniform(-0.06, 0.06))
    y = (height - own[1]) // 2 + round(height * rng.uniform(-0.06, 0.06))
    outline = _outline(own, rng)
    whole = ground.copy()
    shadow = outline.filter(ImageFilter.GaussianBlur(8)).point(lambda level: round(level * 0.4))
    whole.paste((0, 0, 0), (x + 4, y + 6), shadow)
    whole.paste(stuff, (x, y), outline.filter(ImageFilter.GaussianBlur(1)))
    return whole


def _outline(size: tuple[int, int], rng: random.Random) -> Image.Image:
    """A mask: a circle's radius with waves in it, stretched to the size."""
    width, height = size
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    angle = np.arctan2(y, x)
    radius = np.full_like(angle, 0.8)
    for waves in range(2, 7):
        radius += rng.uniform(-0.25, 0.25) / waves * np.cos(waves * angle + rng.uniform(0, 6.3))
    return Image.fromarray(np.where(np.hypot(x, y) < radius, 255, 0).astype(np.uint8))


def _fitted(picture: Image.Image) -> Image.Image:
    small = picture.copy()
    small.thumbnail((SIDE, SIDE))
    return small


def _patterned(picture: Image.Image, rng: random.Random) -> Image.Image:
    """A carpet, cloth or wallpaper: one piece many times, not quite the same each time."""
    small = _fitted(picture)
    tile = small.resize((small.width // 2, small.height // 2))
    columns = rng.randint(2, 5)
    side = SIDE * 3 // 4 // columns
    tile = tile.resize((side, side))
    turned = tile.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    whole = Image.new("RGB", (side * columns, SIDE // side * side))
    for row in range(whole.height // side):
        for column in range(columns):
            whole.paste(turned if (row + column) % 2 else tile, (column * side, row * side))
    return _moved(whole, rng, 0.004)


def _moved(picture: Image.Image, rng: random.Random, amount: float) -> Image.Image:
    """Seen from another place: its parts moved by up to about `amount` of the longer side."""
    pixels = np.asarray(picture, np.float32)
    height, width = pixels.shape[:2]
    across = max(width, height)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    tilt = rng.choice([0.0, 0.01, 0.04])
    turn = np.array([[1 + rng.uniform(-tilt, tilt) for _ in range(2)] for _ in range(2)])
    shear = rng.uniform(-tilt, tilt), rng.uniform(-tilt, tilt)
    from_x = (x - width / 2) * turn[0, 0] + shear[0] * (y - height / 2) + width / 2
    from_y = (y - height / 2) * turn[1, 1] + shear[1] * (x - width / 2) + height / 2
    numbers = np.random.default_rng(rng.getrandbits(32))
    cells = rng.choice([3, 5, 9])
    waves = numbers.normal(0, amount * across, (2, cells, cells)).astype(np.float32)
    to_x, to_y = (np.asarray(Image.fromarray(one).resize((width, height), 3)) for one in waves)
    moved = _sampled(pixels, from_x + to_x, from_y + to_y)
    return Image.fromarray(moved.round().clip(0, 255).astype(np.uint8))


def _sampled(pixels: Pixels, x: Pixels, y: Pixels) -> Pixels:
    """The pixels at some places, between four of them each; beyond the edges mirrored."""
    height, width = pixels.shape[:2]
    x, y = np.abs(x), np.abs(y)
    x, y = np.minimum(x, 2 * (width - 1) - x), np.minimum(y, 2 * (height - 1) - y)
    x, y = x.clip(0, width - 1.001), y.clip(0, height - 1.001)
    left, top = x.astype(np.intp), y.astype(np.intp)
    right, low = (x - left)[..., None], (y - top)[..., None]
    above = pixels[top, left] * (1 - right) + pixels[top, left + 1] * right
    below = pixels[top + 1, left] * (1 - right) + pixels[top + 1, left + 1] * right
    sampled: Pixels = above * (1 - low) + below * low
    return sampled


def _shot(picture: Image.Image, rng: random.Random) -> Image.Image:
    """With a light, noise and compression of its own."""
    pixels = np.asarray(picture, np.float32)
    height, width = pixels.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = rng.uniform(0.85, 1.15) + rng.uniform(-0.1, 0.1) * x + rng.uniform(-0.1, 0.1) * y
    noise = np.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(0, 4), pixels.shape)
    lit = np.clip(pixels * light[..., None] + noise, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    soft = Image.fromarray(lit).filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.8)))
    soft.save(file, "JPEG", quality=rng.randint(60, 95))
    with Image.open(file) as image:
        return image.convert("RGB")
