"""Whether two whole pictures are the same, however blurred: their pixels laid over each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.proof.opencv import opencv
from lookalike.proof.placement import Matrix

_SIDE = 28
"""Pixels a side that both pictures are reduced to."""

_DETAIL = 1.5
"""Standard deviation in those pixels of the blur that is taken away: what is left is edges."""

_QUARTER = np.array([(0.0, -1.0, 1.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)])
"""A quarter turn clockwise of the unit square."""


@dataclass(frozen=True, slots=True)
class Overlaid:
    """The best of the 8 ways to lay one whole picture over another.

    `correlation` of the detail is −1..1, negative where one is the other's negative; `contrast`
    is the smaller of the standard deviations of the two pictures' detail, in grey levels. The
    other picture is `mirrored`, then turned clockwise by `quarters` of a turn.
    """

    correlation: float
    contrast: float
    mirrored: bool
    quarters: int

    @property
    def inverted(self) -> bool:
        """Whether one is the other's negative."""
        return self.correlation < 0

    def matrix(self, query: tuple[int, int], other: tuple[int, int]) -> Matrix:
        """(3, 3), from pixels of the other picture, mirrored if need be, to the query's.

        Both are given by width and height.
        """
        turn = np.linalg.matrix_power(_QUARTER, self.quarters)
        matrix: Matrix = np.diag([*query, 1.0]) @ turn @ np.diag([1 / other[0], 1 / other[1], 1.0])
        return matrix


def overlaid(query: NDArray[np.uint8], other: NDArray[np.uint8]) -> Overlaid:
    """Lay a picture over another, both stretched to a square, in all orientations.

    Args:
        query: (h, w) uint8 grey.
        other: (h, w) uint8 grey, the record's.
    """
    ours, contrast = _detail(query)
    theirs, other_contrast = _detail(other)
    best = (0.0, False, 0)
    for mirrored in (False, True):
        for quarters in range(4):
            turned = np.rot90(theirs[:, ::-1] if mirrored else theirs, -quarters)
            correlation = float((ours * turned).sum())
            if abs(correlation) > abs(best[0]):
                best = (correlation, mirrored, quarters)
    return Overlaid(best[0], min(contrast, other_contrast), best[1], best[2])


def _detail(grey: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
    """What is left of the reduced picture without its blur, as a unit vector; its contrast."""
    cv2 = opencv()
    # Twice the size first, then blurred: edges may lie anywhere between two pixels.
    twice = cv2.resize(grey, (2 * _SIDE, 2 * _SIDE), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(twice.astype(np.float32), (0, 0), 1.0)
    small = cv2.resize(soft, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    detail = small - cv2.GaussianBlur(small, (0, 0), _DETAIL)
    detail -= detail.mean()
    contrast = float(detail.std())
    return detail / max(contrast * _SIDE, 1e-3), contrast
