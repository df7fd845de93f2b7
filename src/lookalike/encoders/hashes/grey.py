"""The small grey picture that most hashes look at."""

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling


def grey(picture: Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Grey pixels (ITU-R 601 luma) of a picture stretched to width × height: (height, width).

    Grey first, then resized with Lanczos windows, as ImageHash does.
    """
    return np.asarray(picture.convert("L").resize(size, Resampling.LANCZOS))
