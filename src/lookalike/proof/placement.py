"""How one picture lies in another: a homography on which many pairs of features agree."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.proof.opencv import opencv
from lookalike.proof.pairs import Pairs

_LEAST = 3
"""Pairs that must agree for a placement to be looked at."""

_SLACK = 0.08
"""Of the distance to the pair that a first guess was made of: room for perspective."""

_PIXELS = 4.0
"""Distance in the query's pixels within which a pair agrees."""

_STRETCH = 4.0
"""Largest ratio of the two directions' scales, and of opposite sides in perspective."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """`matrix` (3, 3) float64 takes pixels of the record's picture to the query's.

    `query` and `other` (n, 2) are the places of the pairs that agree, one for each place.
    """

    matrix: Matrix
    query: NDArray[np.float64]
    other: NDArray[np.float64]

    @property
    def inliers(self) -> int:
        """How many places agree."""
        return len(self.query)


def placements(pairs: Pairs, size: tuple[int, int], most: int = 2) -> list[Placement]:
    """Up to `most` different placements that pairs agree on, the one with most pairs first.

    Every pair alone says how the pictures lie on each other (scale, turn and shift), so each is
    tried, and the others counted that agree, as in Philbin et al. (2007), 3.3: no chance in it.

    Args:
        pairs: of features of the two pictures.
        size: width and height of the record's picture in its pixels.
        most: placements to look for.
    """
    found: list[Placement] = []
    left = np.ones(len(pairs), bool)
    agree = _agreeing(pairs)
    while len(found) < most:
        counts = (agree & left).sum(axis=1) * left
        if len(counts) == 0 or counts.max() < _LEAST:
            break
        guess = int(counts.argmax())
        members = agree[guess] & left
        placement = _refined(pairs, members, size)
        if placement is not None:
            found.append(placement)
        left &= ~members
    return sorted(found, key=lambda one: -one.inliers)


def is_sane(matrix: Matrix, size: tuple[int, int]) -> bool:
    """Whether a photograph of the record's picture can look so: convex, not flipped, not a line."""
    # An estimate that failed: not a number, or beyond all pixels.
    if not (np.abs(matrix) < 1e9).all():
        return False
    width, height = size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    flat = np.column_stack([corners, np.ones(4)]) @ matrix.T
    if (flat[:, 2] <= 1e-6).any():
        return False
    quad = flat[:, :2] / flat[:, 2:]
    sides = np.roll(quad, -1, axis=0) - quad
    nexts = np.roll(sides, -1, axis=0)
    if (sides[:, 0] * nexts[:, 1] - sides[:, 1] * nexts[:, 0] <= 0).any():
        return False
    lengths = np.hypot(*sides.T) / (width, height, width, height)
    if lengths.min() <= 0.02 or lengths.max() >= 50:
        return False
    across, down = lengths[[0, 2]], lengths[[1, 3]]
    ratios = (across.max() / across.min(), down.max() / down.min())
    stretch = across.mean() / down.mean()
    return bool(max(*ratios, stretch, 1 / stretch) <= _STRETCH)


def moved(matrix: Matrix, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 2) through a homography."""
    flat = points @ matrix[:, :2].T + matrix[:, 2]
    result: NDArray[np.float64] = flat[:, :2] / flat[:, 2:]
    return result


def _agreeing(pairs: Pairs) -> NDArray[np.bool_]:
    """Row i: which pairs agree with the placement that pair i alone gives; (n, n)."""
    turn = np.exp(1j * pairs.turn)
    other = pairs.other @ np.array([1, 1j])
    query = pairs.query @ np.array([1, 1j])
    step = query[None, :] - query[:, None]
    expected = (pairs.scale * turn)[:, None] * (other[None, :] - other[:, None])
    near = np.abs(step - expected) < _PIXELS + _SLACK * np.abs(step)
    scale = np.log(pairs.scale)
    alike = np.abs(scale[None, :] - scale[:, None]) < np.log(1.7)
    turned = (turn[None, :] * turn.conj()[:, None]).real > np.cos(np.radians(35))
    agree: NDArray[np.bool_] = near & alike & turned
    return agree


def _refined(pairs: Pairs, members: NDArray[np.bool_], size: tuple[int, int]) -> Placement | None:
    best: Placement | None = None
    for matrix in _fits(pairs.query[members], pairs.other[members]):
        if not is_sane(matrix, size):
            continue
        error = np.hypot(*(moved(matrix, pairs.other) - pairs.query).T)
        placement = _distinct(matrix, pairs, error < _PIXELS)
        if placement.inliers >= _LEAST and (best is None or placement.inliers > best.inliers):
            best = placement
    return best


def _fits(query: NDArray[np.float64], other: NDArray[np.float64]) -> list[Matrix]:
    """The similarity, the affine map and the homography that suit most of these pairs."""
    cv2 = opencv()
    found: list[Matrix] = []
    for estimate in (cv2.estimateAffinePartial2D, cv2.estimateAffine2D):
        matrix, _ = estimate(other, query, method=cv2.RANSAC, ransacReprojThreshold=_PIXELS)
        if matrix is not None:
            found.append(np.vstack([matrix, (0, 0, 1)]))
    if len(query) >= 8:
        matrix, _ = cv2.findHomography(other, query, cv2.USAC_MAGSAC, _PIXELS)
        if matrix is not None:
            found.append(matrix)
    return found


def _distinct(matrix: Matrix, pairs: Pairs, agree: NDArray[np.bool_]) -> Placement:
    """Features of several directions or sizes at one place count once, in either picture."""
    query, other = pairs.query[agree], pairs.other[agree]
    first = _places(query)
    query, other = query[first], other[first]
    first = _places(other)
    return Placement(matrix, query[first], other[first])


def _places(points: NDArray[np.float64]) -> NDArray[np.intp]:
    """Rows of points, one for each place of two by two pixels."""
    return np.sort(np.unique(np.round(points / 2), axis=0, return_index=True)[1])
