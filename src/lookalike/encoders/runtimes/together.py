"""How many pictures go through a model together, by the memory there is."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.session import OutOfMemoryError

MOST = 256
"""Pictures in a run; more make no GPU faster."""
SHARE = 0.5
"""Of the free memory; the rest is for other programs and other models."""


def fitting(free: int, each: int) -> int:
    """How many pictures of `each` bytes fit into the share of `free` bytes; 1 to MOST.

    MOST when a picture was too small to be measured.
    """
    if each <= 0:
        return MOST
    return max(1, min(MOST, int(free * SHARE) // each))


class Together:
    """Runs up to `size` pictures together; half as many from then on when memory runs out."""

    def __init__(
        self, run: Callable[[Sequence[NDArray[Any]]], NDArray[Any]], size: int = MOST
    ) -> None:
        self._run = run
        self.size = size

    def __call__(self, pictures: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """The outputs for prepared pictures, (n, …).

        Raises:
            OutOfMemoryError: there is no room for one picture.
        """
        outputs = []
        done = 0
        while done < len(pictures):
            part = pictures[done : done + self.size]
            try:
                outputs.append(self._run(part))
            except OutOfMemoryError:
                if len(part) == 1:
                    raise
                self.size = len(part) // 2
            else:
                done += len(part)
        return np.concatenate(outputs)
