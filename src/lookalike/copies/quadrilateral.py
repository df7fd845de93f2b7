"""The four corners of what is seen, as a photograph has them that was turned or tilted."""

import math

import numpy as np
from numpy.typing import NDArray

Corners = NDArray[np.float64]
"""(4, 2): x and y, from the upper left clockwise."""

_NEAR = 0.35
"""Half of a side by which a corner may lie outside of what is looked at."""
_CORNER = 0.2
"""Least share of its area that is in the triangle of three corners: half in a parallelogram."""


def quadrilateral(seen: NDArray[np.bool]) -> Corners | None:
    """The quadrilateral around the True of (height, width), or None where it has no four sides.

    Of their convex hull, sides are taken away, and their neighbours prolonged, that add least
    area, until four are left.
    """
    points = _hull(_outline(seen))
    while len(points) > 4:
        best = _without_one(points)
        if best is None:
            return None
        points = best
    if len(points) < 4:
        return None
    height, width = seen.shape
    slack = _NEAR * np.array([width, height])
    if (points < -slack).any() or (points > np.array([width, height]) + slack).any():
        return None
    # One that is nearly a triangle cannot have been a rectangle.
    if min(area(np.delete(points, (at + 2) % 4, axis=0)) for at in range(4)) < _CORNER * area(
        points
    ):
        return None
    return _from_upper_left(points)


def area(corners: Corners) -> float:
    """What a polygon encloses."""
    x, y = corners.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def sides(corners: Corners) -> tuple[float, float]:
    """Mean width and height."""
    lengths = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    return float(lengths[0] + lengths[2]) / 2, float(lengths[1] + lengths[3]) / 2


def degrees(corners: Corners) -> float:
    """By how much it is turned clockwise, -45 to 45."""
    x, y = (corners[1] - corners[0]) + (corners[2] - corners[3])
    return math.degrees(math.atan2(float(y), float(x)))


def _outline(seen: NDArray[np.bool]) -> NDArray[np.float64]:
    """The corners of the outermost pixels of every row: (n, 2)."""
    rows = np.flatnonzero(seen.any(axis=1))
    first = seen[rows].argmax(axis=1)
    last = seen.shape[1] - seen[rows, ::-1].argmax(axis=1)
    ends = np.concatenate([first, last, first, last])
    return np.stack([ends, np.concatenate([rows, rows, rows + 1, rows + 1])], axis=1).astype(float)


def _hull(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The convex hull, by Andrew's monotone chain, clockwise as it is seen (y grows downwards)."""
    ordered = sorted(set(map(tuple, points.tolist())))
    if len(ordered) < 3:
        return np.zeros((0, 2))

    def half(way: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
        chain: list[tuple[float, ...]] = []
        for x, y in way:
            while len(chain) > 1:
                (ax, ay), (bx, by) = chain[-2], chain[-1]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                    break
                chain.pop()
            chain.append((x, y))
        return chain[:-1]

    return np.array(half(ordered) + half(ordered[::-1]))


def _without_one(points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """One side fewer; None where no two neighbours of a side meet beyond it."""
    start, end = points, np.roll(points, -1, axis=0)
    before, after = start - np.roll(points, 1, axis=0), np.roll(points, -2, axis=0) - end
    side = end - start
    turn = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    # Neighbours that do not turn towards each other never meet.
    turns = turn > 1e-9
    ahead = side[:, 0] * after[:, 1] - side[:, 1] * after[:, 0]
    along = np.divide(ahead, turn, out=np.zeros(len(turn)), where=turns)
    meets = start + before * along[:, None]
    to = meets - start
    added = np.abs(side[:, 0] * to[:, 1] - side[:, 1] * to[:, 0])
    added[~(turns & (along >= 0))] = np.inf
    place = int(np.argmin(added))
    if not np.isfinite(added[place]):
        return None
    kept = points.copy()
    kept[place] = meets[place]
    return np.delete(kept, (place + 1) % len(points), axis=0)


def _from_upper_left(points: NDArray[np.float64]) -> Corners:
    """The same corners, begun where the way to the next one is nearest to straight right."""
    way = np.roll(points, -1, axis=0) - points
    angle = np.abs(np.arctan2(way[:, 1], way[:, 0]))
    return np.roll(points, -int(np.argmin(angle)), axis=0)
