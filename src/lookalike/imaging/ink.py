"""Whether two pictures on plain grounds, laid on each other, say the same: their ink compared."""

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling

Grey = NDArray[np.float64]

_SIDE = 320
"""Pixels of the longer side at which they are compared: a word of a page is a dozen."""

_AROUND = 6
"""Half the side of the windows that are correlated, in these pixels."""

_SLACK = 1
"""Pixels by which the one may be shifted: edges were rounded, or a line was cut off."""

_FLOOR = 0.12
"""Of the whole picture's standard deviation: noise of less counts nothing in a window, and a
window shows something from twice as much."""

SAME = 0.98
"""Agreement from which two pictures say the same. Of recompressed, shrunk, blurred, darkened and
slightly cut copies of drawn pages, charts and products none agreed less than 0.985, of different
ones none more than 0.95."""

_OTHER = 0.5
"""A correlation below which a window shows other ink."""

_NOTHING = 0.5
"""Standard deviation in grey levels of a picture that shows nothing."""

_GREYISH, _TINT = 8.0, 20.0
"""Levels of 255: mean chroma up to which a picture has no colours, and the largest mean difference
of the colours of two that have."""


def same_ink(one: Image, other: Image) -> bool:
    """Whether two RGB pictures of one frame have the same ink in the same colours.

    They may differ in size, compression, light and contrast, and one may be grey. Ten other
    lines make another page; one other line on a page is too little to see.
    """
    return same_colours(one, other) and agreement(one, other) >= SAME


def agreement(one: Image, other: Image) -> float:
    """The part, 0..1, of what two RGB pictures have beside their ground that is the same in both.

    The correlation of their grey levels is taken in every window of 13 × 13 pixels, of pictures
    of 320, in which either shows something. Takes 40 ms.

    Args:
        one: RGB, of any size; it is stretched to the frame of the other.
        other: RGB.
    """
    ours, theirs = (_soft(_soft(_levels(each), 1), 1) for each in _framed(one, other))
    # A little blur first, or thin lines count less in the blurred one of two copies.
    if ours.std() < _NOTHING or theirs.std() < _NOTHING:
        return float(max(ours.std(), theirs.std()) < _NOTHING)
    ours, theirs = (ours - ours.mean()) / ours.std(), (theirs - theirs.mean()) / theirs.std()
    steps = range(-_SLACK, _SLACK + 1)
    shifted = [np.roll(ours, (down, right), (0, 1)) for down in steps for right in steps]
    ours = max(shifted, key=lambda each: float((each * theirs).sum()))
    mean_ours, mean_theirs = _soft(ours, _AROUND), _soft(theirs, _AROUND)
    variance_ours = np.maximum(_soft(ours * ours, _AROUND) - mean_ours**2, 0)
    variance_theirs = np.maximum(_soft(theirs * theirs, _AROUND) - mean_theirs**2, 0)
    both = _soft(ours * theirs, _AROUND) - mean_ours * mean_theirs
    least = _FLOOR**2
    shows = np.maximum(variance_ours, variance_theirs) > 4 * least
    seen = both / np.sqrt((variance_ours + least) * (variance_theirs + least))
    return float((seen[shows] >= _OTHER).mean()) if shows.any() else 1.0


def same_colours(one: Image, other: Image) -> bool:
    """Whether what is coloured in two RGB pictures of one frame has the same colours.

    What is grey in one of them all over may have any in the other.
    """
    ours, theirs = (_chroma(each) for each in _framed(one, other))
    coloured = np.maximum(*(np.abs(each).max(axis=2) for each in (ours, theirs))) > _GREYISH
    if not coloured.any():
        return True
    ours, theirs = ours[coloured], theirs[coloured]
    if min(np.abs(ours).mean(), np.abs(theirs).mean()) < _GREYISH / 2:
        return True
    return bool(np.abs(ours - theirs).mean() <= _TINT)


def _framed(one: Image, other: Image) -> tuple[Image, Image]:
    """Both in the same frame, that of the other at `_SIDE` pixels."""
    factor = min(1.0, _SIDE / max(other.size))
    size = max(16, round(other.width * factor)), max(16, round(other.height * factor))
    return _small(one, size), _small(other, size)


def _small(picture: Image, size: tuple[int, int]) -> Image:
    shrinks = picture.width >= size[0]
    return picture.resize(size, Resampling.BOX if shrinks else Resampling.BICUBIC)


def _chroma(picture: Image) -> Grey:
    """(h, w, 2): how far from grey, -128 to 127."""
    return np.asarray(picture.convert("YCbCr"), np.float64)[:, :, 1:] - 128


def _levels(picture: Image) -> Grey:
    return np.asarray(picture.convert("L"), np.float64)


def _soft(grey: Grey, around: int) -> Grey:
    """The mean of the window of 2 × `around` + 1 pixels a side around each pixel."""
    padded = np.pad(grey, ((around + 1, around), (around + 1, around)), mode="edge")
    sums = padded.cumsum(axis=0).cumsum(axis=1)
    side = 2 * around + 1
    total = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    mean: Grey = total / side**2
    return mean
