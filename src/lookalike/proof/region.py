"""Which part of each picture a placement matches: shares of the area, and four corners."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.proof.opencv import opencv
from lookalike.proof.placement import Matrix, moved

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """What two pictures, one laid on the other, have in common.

    The shares are of each picture's area, 0..1; the corners (4, 2) float64 are in pixels of each.
    """

    query_share: float
    other_share: float
    query_corners: Points
    other_corners: Points


def region(matrix: Matrix, query: tuple[int, int], other: tuple[int, int]) -> Region | None:
    """The part that both pictures show.

    None when they do not overlap, or the matrix has no inverse.

    Args:
        matrix: (3, 3), from pixels of the record's picture to pixels of the query's.
        query: width and height of the query's picture.
        other: width and height of the record's.
    """
    frame, picture = _frame(query), _frame(other)
    area, common = opencv().intersectConvexConvex(
        moved(matrix, picture).astype(np.float32), frame.astype(np.float32)
    )
    if common is None or area <= 0:
        return None
    try:
        back = np.asarray(np.linalg.inv(matrix), np.float64)
    except np.linalg.LinAlgError:
        return None
    in_query = common.reshape(-1, 2).astype(np.float64)
    in_other = moved(back, in_query)
    other_area = _area(in_other)
    # A rectangle of that picture in which the common part is most of one.
    query_box, other_box = _box(in_query), _box(in_other)
    if area / _area(query_box) > other_area / _area(other_box):
        query_corners, other_corners = query_box, moved(back, query_box)
    else:
        query_corners, other_corners = moved(matrix, other_box), other_box
    return Region(
        min(1.0, area / math.prod(query)),
        min(1.0, other_area / math.prod(other)),
        query_corners,
        other_corners,
    )


def _frame(size: tuple[int, int]) -> Points:
    width, height = size
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)


def _box(points: Points) -> Points:
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def _area(points: Points) -> float:
    x, y = points.T
    return max(1e-9, float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2)
