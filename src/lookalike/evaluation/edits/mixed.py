"""Edits that mix a picture with other photographs."""

import random
from collections.abc import Sequence

from PIL import Image, ImageOps

from lookalike.evaluation.edits.kind import Edit

_Others = Sequence[Image.Image]


def inside(part: float) -> Edit:
    """Somewhere inside another photograph, with this part of its width at most.

    A tall picture is narrower, so that it is no higher than the photograph.
    """

    def change(image: Image.Image, rng: random.Random, others: _Others) -> Image.Image:
        changed = rng.choice(others).copy()
        width, height = int(changed.width * part), changed.height
        small = ImageOps.contain(image, (max(1, width), height), Image.Resampling.LANCZOS)
        left = rng.randint(0, changed.width - small.width)
        top = rng.randint(0, changed.height - small.height)
        changed.paste(small, (left, top))
        return changed

    return change


def collage(image: Image.Image, rng: random.Random, others: _Others) -> Image.Image:
    """One of two by two pictures, at half its size, with narrow white lines between."""
    cell = max(1, image.width // 2), max(1, image.height // 2)
    line = max(1, max(image.size) // 100)
    page = Image.new("RGB", (2 * cell[0] + line, 2 * cell[1] + line), "white")
    beside = rng.sample(others, 3) if len(others) >= 3 else rng.choices(others, k=3)
    cells = [ImageOps.fit(other, cell) for other in beside]
    cells.insert(rng.randrange(4), image.resize(cell))
    for number, shown in enumerate(cells):
        column, row = number % 2, number // 2
        page.paste(shown, (column * (cell[0] + line), row * (cell[1] + line)))
    return page


def half_covered(image: Image.Image, rng: random.Random, others: _Others) -> Image.Image:
    """The left, right, upper or lower half covered by another photograph."""
    changed = image.copy()
    width, height = image.size
    left, top, right, bottom = rng.choice(
        (
            (0, 0, (width + 1) // 2, height),
            (width // 2, 0, width, height),
            (0, 0, width, (height + 1) // 2),
            (0, height // 2, width, height),
        )
    )
    cover = ImageOps.fit(rng.choice(others), (right - left, bottom - top))
    changed.paste(cover, (left, top))
    return changed
