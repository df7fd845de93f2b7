"""Edited copies of a picture, as people and services make them; the same ones every time.

    from lookalike.evaluation.edits import BASIC, HARD, edited
    data = edited(image, "crop-80", seed=7)     # a JPEG file's bytes

What an edit leaves to chance (where to cut, where to write) comes from its name and the seed.
"""

import random
import zlib
from collections.abc import Sequence

from PIL import Image, ImageEnhance

from lookalike.errors import UsageError
from lookalike.evaluation.edits import colour, geometry, mixed, overlay, screen
from lookalike.evaluation.edits.chain import chain
from lookalike.evaluation.edits.kind import Edit as Edit
from lookalike.evaluation.edits.kind import in_turn, jpeg, recompress

__all__ = ["BASIC", "HARD", "MIXED", "Edit", "edited"]

BASIC: dict[str, Edit] = {
    "jpeg-8": recompress(8),
    "quarter-size": geometry.quarter_size,
    "stretch": geometry.stretch,
    "crop-80": geometry.crop(0.8),
    "crop-50": geometry.crop(0.5),
    "black-border": geometry.border("black"),
    "white-border": geometry.border("white"),
    "letterbox": geometry.letterbox,
    "rotate-5": geometry.rotate(5),
    "rotate-20": geometry.rotate(20),
    "rotate-90": geometry.rotate(90),
    "mirror": geometry.mirror,
    "text": overlay.text,
    "watermark": overlay.watermark,
    "sticker": overlay.sticker,
    "blur": colour.blur,
    "noise": colour.noise,
    "grey": colour.grey,
    "brighter": colour.enhance(ImageEnhance.Brightness, 1.5),
    "darker": colour.enhance(ImageEnhance.Brightness, 0.5),
    "contrast": colour.enhance(ImageEnhance.Contrast, 1.6),
    "perspective": geometry.perspective,
    "screenshot": screen.screenshot,
    "web-page": screen.web_page,
    "meme-caption": overlay.meme_caption,
}
"""Edits that a copy should survive, by name."""

HARD: dict[str, Edit] = {
    "crop-30-mirror": in_turn(geometry.crop(0.3), geometry.mirror, recompress(30)),
    "inside-40": mixed.inside(0.4),
    "inside-25": mixed.inside(0.25),
    "collage": mixed.collage,
    "half-covered": mixed.half_covered,
    "rotate-45": geometry.rotate(45),
    "rotate-180-mirror": geometry.upside_down_mirror,
    "hue": colour.hue,
    "invert": colour.invert,
    "pixelate": colour.pixelate(28),
    "photographed": screen.photographed,
    "chain-3": chain(3, BASIC),
    "chain-5": chain(5, BASIC),
}
"""Harder ones."""

MIXED = frozenset({"inside-40", "inside-25", "collage", "half-covered"})
"""The names of those that mix other photographs in."""


def edited(image: Image.Image, name: str, seed: int, others: Sequence[Image.Image] = ()) -> bytes:
    """The edit of that name of an RGB picture, as a JPEG file.

    Args:
        image: the picture; it stays as it is.
        name: of `BASIC` or `HARD`.
        seed: other places, words and angles for each; the same bytes for the same one.
        others: RGB photographs, of which those in `MIXED` take some; never the picture itself.

    Raises:
        UsageError: there is no such edit, or one of `MIXED` got no others.
    """
    edit = BASIC.get(name) or HARD.get(name)
    if edit is None:
        raise UsageError(f"there is no edit {name!r}; there are {', '.join([*BASIC, *HARD])}")
    if name in MIXED and not others:
        raise UsageError(f"the edit {name!r} mixes other photographs in, and got none")
    rng = random.Random(zlib.crc32(name.encode()) + seed)  # noqa: S311 - to be the same again
    return jpeg(edit(image, rng, others))
