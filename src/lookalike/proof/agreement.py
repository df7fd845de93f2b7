"""Whether two pictures laid on each other show the same pixels, window by window."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.proof.opencv import opencv
from lookalike.proof.placement import Matrix
from lookalike.proof.view import Grey, view

_SIDE = 96
"""Pixels of the longer side of what both have in common, where they are compared."""

_WINDOW = 13
"""Pixels of a window's side."""

_TEXTURE = 3.0
"""Standard deviation in grey levels from which a window shows something."""

_SAME = 0.7
"""Correlation of a window from which it counts as the same."""

_BACKED = 0.5
"""The same from which it backs a feature in it."""

_BEST = 0.4
"""Part of the windows, those that agree best, that are looked at alone."""

_FINE, _BROAD = 2.0, 6.0
"""Standard deviations in pixels: what is finer is blurred, what is broader taken away."""

_COARSE_WINDOW, _COARSE_TEXTURE = 27, 1.0
"""Window and least deviation where that is compared."""

_AROUND, _PLAIN = 21, 3
"""A pixel is background if it is within so many grey levels of the median of so many pixels
around: most of a page is, also between its letters."""

_LEAST_WEIGHT = 0.03
"""Of a window of plain background with some ink on it; a photograph's windows have 1."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well two pictures agree where they lie on each other.

    Windows of the record that show something count by how little of them is plain background:
    words, frames and the furniture of pages are the same on many pictures. `share` is the part of
    them, 0..1, that is the same in the query; `correlation` the mean of their correlations,
    −1..1, `best` that of the best 40 %, which a half covered copy has as well; `coarse` the mean
    in broader windows of what is left of both when they are blurred, which a watermark or a
    caption that two pictures share does not raise. `area` is the part of the common region that
    shows something, and is no plain background; `places` counts, by the same weights, the given
    places whose windows are the same.
    """

    share: float
    correlation: float
    best: float
    coarse: float
    area: float
    places: float


NONE = Agreement(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def agreement(
    query: NDArray[np.uint8],
    other: NDArray[np.uint8],
    matrix: Matrix,
    corners: NDArray[np.float64],
    places: NDArray[np.float64],
) -> Agreement:
    """Compare the grey pixels of two pictures by local normalised correlation.

    Args:
        query: (h, w) uint8.
        other: (h, w) uint8, the record's.
        matrix: (3, 3), from pixels of `other` to pixels of `query`.
        corners: (4, 2) of the common part, in pixels of `other`.
        places: (n, 2) of the features that agree, in pixels of `other`; n may be 0.
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
    ours, theirs = view(query, to_query, size), view(other, to_other, size)
    there = cv2.erode(
        view(np.full_like(query, 255), to_query, size)
        * (view(np.full_like(other, 255), to_other, size) > 250),
        np.ones((5, 5), np.uint8),
    )
    busy = view(_busy(other), to_other, size) / np.float32(255)
    spots = np.floor((places - (left, top)) / step).astype(np.intp)
    inside = (spots >= 0).all(axis=1) & (spots < size).all(axis=1)
    return _compared(ours, theirs, there > 250, busy, spots[inside])


def _busy(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """255 where a picture is not the colour of the background around, 0 where it is."""
    cv2 = opencv()
    differ = cv2.absdiff(grey, cv2.medianBlur(grey, _AROUND)) > _PLAIN
    return np.where(differ, np.uint8(255), np.uint8(0))


def _compared(
    ours: Grey, theirs: Grey, there: NDArray[np.bool_], busy: Grey, spots: NDArray[np.intp]
) -> Agreement:
    """The agreement of two aligned pictures, where `there` is true."""
    if not there.any():
        return NONE
    cv2 = opencv()
    seen, shows = _correlations(ours, theirs, there, _WINDOW, _TEXTURE)
    if not shows.any():
        return NONE
    fine = _mean(there, lambda one: cv2.GaussianBlur(one, (0, 0), _FINE))
    broad = _mean(there, lambda one: cv2.GaussianBlur(one, (0, 0), _BROAD))
    coarse, coarse_shows = _correlations(
        fine(ours) - broad(ours),
        fine(theirs) - broad(theirs),
        there,
        _COARSE_WINDOW,
        _COARSE_TEXTURE,
    )
    # Of a photograph's window two thirds are busy; a third is ink on paper.
    weight = np.clip(_boxed(there, _WINDOW)(busy) * 3 - 0.9, _LEAST_WEIGHT, 1)
    backed = np.where(shows & (seen > _BACKED), weight, 0)[spots[:, 1], spots[:, 0]]
    weights, seen = weight[shows], seen[shows]
    order = np.argsort(-seen)
    best = order[np.cumsum(weights[order]) <= max(_BEST * weights.sum(), weights[order[0]])]
    return Agreement(
        float(weights[seen > _SAME].sum() / weights.sum()),
        float((weights * seen).sum() / weights.sum()),
        float((weights * seen)[best].sum() / weights[best].sum()),
        float((weight * coarse)[coarse_shows].sum() / max(weight[coarse_shows].sum(), 1e-6)),
        float(weights.sum() / there.sum()),
        float(backed.sum()),
    )


def _correlations(
    ours: Grey, theirs: Grey, there: NDArray[np.bool_], window: int, texture: float
) -> tuple[Grey, NDArray[np.bool_]]:
    """The correlation of the window around each pixel, and where theirs shows something."""
    mean = _boxed(there, window)
    mean_ours, mean_theirs = mean(ours), mean(theirs)
    both = mean(ours * theirs) - mean_ours * mean_theirs
    deviation_ours = np.sqrt(np.maximum(mean(ours * ours) - mean_ours**2, 0))
    deviation_theirs = np.sqrt(np.maximum(mean(theirs * theirs) - mean_theirs**2, 0))
    # A window of which one picture shows nothing has no correlation worth the name.
    least = texture / 3
    product = np.maximum(deviation_ours, least) * np.maximum(deviation_theirs, least)
    return both / product, there & (deviation_theirs > texture)


def _boxed(there: NDArray[np.bool_], window: int) -> Callable[[Grey], Grey]:
    """The mean of a window."""
    cv2 = opencv()
    size = (window, window)
    return _mean(there, lambda one: cv2.boxFilter(one, -1, size, borderType=cv2.BORDER_CONSTANT))


def _mean(there: NDArray[np.bool_], blur: Callable[[Grey], Grey]) -> Callable[[Grey], Grey]:
    """A blur that takes in nothing of where there is no picture."""
    weight = there.astype(np.float32)
    full: Grey = np.maximum(blur(weight), 1e-3).astype(np.float32)

    def mean(grey: Grey) -> Grey:
        return np.divide(blur(grey * weight), full, dtype=np.float32)

    return mean
