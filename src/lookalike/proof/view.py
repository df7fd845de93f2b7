"""A picture as it looks when it is laid on another one."""

import numpy as np
from numpy.typing import NDArray

from lookalike.proof.opencv import opencv
from lookalike.proof.placement import Matrix, moved

Grey = NDArray[np.float32]


def view(
    grey: NDArray[np.uint8], matrix: Matrix, size: tuple[int, int], *, extended: bool = False
) -> Grey:
    """The picture as seen through a map from the view's pixels to its own.

    Args:
        grey: (h, w) uint8.
        matrix: (3, 3).
        size: width and height of the view in pixels.
        extended: beyond the picture its outermost pixels go on; else there is 0.
    """
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
    # Pixels are areas whose middles lie at one half; OpenCV counts from their middles.
    half = np.array([(1, 0, -0.5), (0, 1, -0.5), (0, 0, 1)])
    seen: Grey = cv2.warpPerspective(
        grey.astype(np.float32),
        half @ matrix @ np.linalg.inv(half),
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE if extended else cv2.BORDER_CONSTANT,
    )
    return seen
