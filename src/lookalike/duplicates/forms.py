"""Pictures as they may be laid over each other: whole, and without their borders."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling

from lookalike import imaging
from lookalike.copies.reading import decode_record
from lookalike.errors import PictureError
from lookalike.imaging.plain import is_plain
from lookalike.records import Record
from lookalike.sources.uri import is_url

_LEVELS = 4.5
"""Levels of 255, the root of the mean square, by which two reduced pictures may differ.

Drawn invoices, charts and products that were resized, shifted by a pixel or compressed differ by
3.8 at most, two different ones of forty by 4.9 at least (the median is 7 to 45).
"""

_SIDE = 1024
"""Longer side in pixels of the pictures that are compared."""

_SMALL = 32
"""The side of those that say which pictures are compared at all."""

_ASPECT = 1.05
"""How much wider than the other a picture may be."""

_AT_A_TIME = 256


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A picture, whole or without its border, as it may be laid over another.

    `small` (3072,) float32 is the picture reduced to 32 × 32 pixels, 0 to 255.
    """

    record: Record
    trimmed: bool
    plain: bool
    aspect: float
    small: NDArray[np.float32]


def like(forms: Sequence[Form], most: int) -> tuple[list[tuple[int, int]], int]:
    """The pairs of forms to compare, the likest first, one of each two at least plain.

    Returns:
        At most `most` of them, by their places, and how many there are.
    """
    found: list[tuple[float, int, int]] = []
    count = 0
    small = np.array([form.small for form in forms])
    squares = (small * small).sum(axis=-1)
    aspect = np.array([form.aspect for form in forms])
    plain = np.array([form.plain for form in forms], np.bool_)
    ids = np.array([form.record.id for form in forms])
    for start in range(0, len(forms), _AT_A_TIME):
        some = slice(start, start + _AT_A_TIME)
        apart = squares[some, None] + squares[start:] - 2 * small[some] @ small[start:].T
        wide = np.abs(np.log(aspect[some, None] / aspect[start:]))
        fits = (apart <= _LEVELS**2 * small.shape[1]) & (wide <= np.log(_ASPECT))
        fits &= (plain[some, None] | plain[start:]) & (ids[some, None] != ids[start:])
        first, second = np.nonzero(np.triu(fits, 1))
        count += len(first)
        found += zip(
            apart[first, second].tolist(),
            (first + start).tolist(),
            (second + start).tolist(),
            strict=True,
        )
        if len(found) > 4 * most:
            found = sorted(found)[:most]
    return [(a, b) for _, a, b in sorted(found)[:most]], count


def picture_of(form: Form) -> Image | None:
    """The picture of a form, at most 1024 pixels a side; None if it is gone by now."""
    whole = read(form.record, _SIDE)
    cut = imaging.trimmed(whole) if whole is not None and form.trimmed else None
    image = whole if cut is None else cut.image
    if image is not None:
        image.thumbnail((_SIDE, _SIDE), Resampling.BOX)
    return image


def forms_of(record: Record) -> list[Form]:
    """A picture whole, and without its border where it has one; none if it cannot be read."""
    image = read(record, _SIDE)
    if image is None:
        return []
    cut = imaging.trimmed(image)
    plain = is_plain(image)
    pictures = [image] if cut is None else [image, cut.image]
    return [
        Form(record, bool(place), plain, one.width / one.height, _reduced(one))
        for place, one in enumerate(pictures)
    ]


def _reduced(image: Image) -> NDArray[np.float32]:
    small = image.resize((_SMALL, _SMALL), Resampling.BOX)
    return np.asarray(small, np.float32).ravel()


def read(record: Record, side: int) -> Image | None:
    """The picture as it was indexed; None where it cannot be read, or is on the web."""
    if is_url(record.uri):
        return None
    try:
        return decode_record(record, min_side=side, timeout=0)
    except (PictureError, OSError):
        return None
