"""Pictures seen from a side: the eight numbers that Pillow transforms them by."""

from collections.abc import Sequence

import numpy as np

Point = tuple[float, float]


def coefficients(drawn: Sequence[Point], seen: Sequence[Point]) -> list[float]:
    """Of the homography that takes four points, in pixels, of what is drawn to four of a picture.

    For `Image.transform` with `Transform.PERSPECTIVE`, which asks of each pixel that it draws
    where in the picture it comes from.

    Raises:
        numpy.linalg.LinAlgError: three of the points lie on one line.
    """
    rows = []
    for (x, y), (u, v) in zip(drawn, seen, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    solved = np.linalg.solve(np.array(rows, np.float64), np.array(seen, np.float64).reshape(-1))
    return [float(one) for one in solved]
