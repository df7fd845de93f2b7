"""Whether two pictures laid on each other show the same pixels, window by window."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.proof.opencv import opencv
from lookalike.proof.placement import Matrix, moved

_SIDE = 96
"""Pixels of the longer side of what both have in common, where they are compared."""

_WINDOW = 13
"""Pixels of a window's side."""

_TEXTURE = 3.0
"""Standard deviation in grey levels from which a window shows something."""

_SAME = 0.7
"""Correlation of a window from which it counts as the same."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well two pictures agree where they lie on each other.

    `share` is the part, 0..1, of the record's windows that show something and are the same in the
    query; `correlation` the mean of their correlations, −1..1; `textured` the part of the common
    area that such windows cover.
    """

    share: float
    correlation: float
    textured: float


NONE = Agreement(0.0, 0.0, 0.0)


def agreement(
    query: NDArray[np.uint8], other: NDArray[np.uint8], matrix: Matrix, corners: NDArray[np.float64]
) -> Agreement:
    """Compare the grey pixels of two pictures by local normalised correlation.

    Args:
        query: (h, w) uint8.
        other: (h, w) uint8, the record's.
        matrix: (3, 3), from pixels of `other` to pixels of `query`.
        corners: (4, 2) of the common part, in pixels of `other`.
    """
    cv2 = opencv()
    left, top = np.maximum(corners.min(axis=0), 0)
    right, bottom = np.minimum(corners.max(axis=0), other.shape[::-1])
    if right - left < 4 or bottom - top < 4:
        return NONE
    step = max(right - left, bottom - top) / _SIDE
    size = max(8, round((right - left) / step)), max(8, round((bottom - top) / step))
    to_other = np.array([(step, 0, left), (0, step, top), (0, 0, 1)])
    to_query = matrix @ to_other
    ours, ours_there = _view(query, to_query, size)
    theirs, theirs_there = _view(other, to_other, size)
    there = cv2.erode(ours_there & theirs_there, np.ones((5, 5), np.uint8)) > 0
    return compared(ours, theirs, there)


def compared(
    ours: NDArray[np.float32], theirs: NDArray[np.float32], there: NDArray[np.bool_]
) -> Agreement:
    """The agreement of two aligned grey pictures (h, w) float32 where `there` (h, w) is true."""
    if not there.any():
        return NONE
    cv2 = opencv()
    weight = there.astype(np.float32)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        blurred: NDArray[np.float32] = cv2.boxFilter(
            values * weight, -1, (_WINDOW, _WINDOW), borderType=cv2.BORDER_CONSTANT
        )
        return blurred / full

    full = np.float32(1)
    full = np.maximum(mean(np.ones_like(ours)), 1e-3)  # type: ignore[assignment]
    mean_ours, mean_theirs = mean(ours), mean(theirs)
    both = mean(ours * theirs) - mean_ours * mean_theirs
    deviation_ours = np.sqrt(np.maximum(mean(ours * ours) - mean_ours**2, 0))
    deviation_theirs = np.sqrt(np.maximum(mean(theirs * theirs) - mean_theirs**2, 0))
    correlation = both / (np.maximum(deviation_ours, 1) * np.maximum(deviation_theirs, 1))
    shows = there & (deviation_theirs > _TEXTURE)
    if not shows.any():
        return NONE
    seen = correlation[shows]
    return Agreement(
        float((seen > _SAME).mean()),
        float(seen.mean()),
        float(shows.sum() / there.sum()),
    )


def _view(
    grey: NDArray[np.uint8], matrix: Matrix, size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """The picture as seen through a map from the view's pixels to its own, and where there is."""
    cv2 = opencv()
    width, height = size
    edges = moved(matrix, np.array([(0, 0), (width, 0), (0, height), (width, height)], np.float64))
    across = np.hypot(*(edges[1] - edges[0])) / width
    down = np.hypot(*(edges[2] - edges[0])) / height
    factor = max(1.0, float(np.sqrt(across * down)))
    if factor > 1.2:
        small = max(2, round(grey.shape[1] / factor)), max(2, round(grey.shape[0] / factor))
        shrink = np.diag([small[0] / grey.shape[1], small[1] / grey.shape[0], 1])
        grey = cv2.resize(grey, small, interpolation=cv2.INTER_AREA)
        matrix = shrink @ matrix
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    # Pixels are areas whose middles lie at one half; OpenCV counts from their middles.
    half = np.array([(1, 0, -0.5), (0, 1, -0.5), (0, 0, 1)])
    matrix = half @ matrix @ np.linalg.inv(half)
    view = cv2.warpPerspective(grey.astype(np.float32), matrix, size, flags=flags)
    there = cv2.warpPerspective(np.full(grey.shape, 255, np.uint8), matrix, size, flags=flags)
    return view, (there > 250).astype(np.uint8)
