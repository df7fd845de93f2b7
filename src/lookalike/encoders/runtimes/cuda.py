"""ONNX Runtime on an NVIDIA GPU."""

import importlib.util
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from lookalike.encoders.runtimes import devices
from lookalike.encoders.runtimes.base import Model
from lookalike.encoders.runtimes.together import Together, fitting
from lookalike.encoders.session import CUDA, Session
from lookalike.errors import WeightsError

_PROBE = 8
"""Pictures in the run that shows what one costs."""


def missing() -> str | None:
    """What keeps every model from running here, in words; None when nothing does."""
    if CUDA not in onnxruntime.get_available_providers():
        if _installed("onnxruntime-gpu"):
            return (
                "onnxruntime was installed over onnxruntime-gpu; lay that on top again: "
                "pip install --force-reinstall --no-deps onnxruntime-gpu"
            )
        return "CUDA needs more packages: pip install 'lookalike[gpu]' (see docs/gpu.md)"
    if importlib.util.find_spec("pynvml") is None:
        return "CUDA needs one more package: pip install nvidia-ml-py"
    if devices.free_bytes() is None:
        return "no NVIDIA GPU can be used: no driver, no device, or CUDA_VISIBLE_DEVICES hides it"
    return None


class Cuda:
    """A batch at a time, as many pictures as the GPU's memory holds.

    Raises:
        WeightsError: the model, or CUDA itself, cannot be used.
    """

    name = "cuda"

    def __init__(self, model: Model) -> None:
        self._input = model.tower.input
        self._session = Session(model.path, model.tower.output, threads=1, cuda=True)
        if CUDA not in self._session.providers:
            raise WeightsError(f"CUDA did not start for {model.path}")
        one = np.zeros(model.shape, model.tower.preprocessing.dtype)
        # The first run also loads kernels and makes room for the weights.
        self._run([one])
        before = devices.free_bytes() or 0
        self._run([one] * _PROBE)
        after = devices.free_bytes() or 0
        self._together = Together(self._run, fitting(after, (before - after) // (_PROBE - 1)))

    def run(self, pictures: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """The outputs for prepared pictures, (n, …)."""
        return self._together(pictures)

    def _run(self, pictures: Sequence[NDArray[Any]]) -> NDArray[Any]:
        return self._session.run({self._input: np.stack(pictures)})


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True
