"""The runtime protocol: prepared pictures in, a model's raw output out."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.card import ImageTower


@dataclass(frozen=True, slots=True)
class Model:
    """An image tower's file, what its card says of it, and how many processors it may use."""

    path: Path
    tower: ImageTower
    threads: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one prepared picture."""
        rule = self.tower.preprocessing
        if rule.layout == "NCHW":
            return (3, rule.crop, rule.crop)
        return (rule.crop, rule.crop, 3)


class Runtime(Protocol):
    """Runs one model over several pictures; safe to call from several threads."""

    @property
    def name(self) -> str:
        """As in LOOKALIKE_RUNTIME."""
        ...

    def run(self, pictures: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """The model's output for prepared pictures, (n, …), n at least 1.

        Raises:
            WeightsError: the model refuses this input.
        """
        ...


class Callers:
    """Runs pictures one by one, as many at the same time as there are processors.

    No embedding then depends on what else is in its batch, which those of an int8 model do.
    """

    def __init__(self, run: Callable[[NDArray[Any]], NDArray[Any]], threads: int) -> None:
        self._run = run
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="encode")

    def run(self, pictures: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """The outputs for prepared pictures, (n, …)."""
        return np.concatenate(list(self._pool.map(self._one, pictures)))

    def _one(self, picture: NDArray[Any]) -> NDArray[Any]:
        return self._run(picture[None])
