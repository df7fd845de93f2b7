"""OpenVINO on the processor, for the models whose cards say that it wins."""

import functools
import importlib.util
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.graph import extra_output
from lookalike.encoders.runtimes.base import Callers, Model
from lookalike.errors import WeightsError

# Its Python half sets itself up at the first array it sees; two threads that bring the first ones
# at the same moment, be it for two models, wait for each other for ever. Nor may two make a core.
_FIRST = threading.Lock()


def missing() -> str | None:
    """What keeps every model from running here, in words; None when nothing does."""
    if importlib.util.find_spec("openvino") is None:
        return "OpenVINO needs one more package: pip install 'lookalike[openvino]'"
    return None


def capabilities() -> list[str]:
    """The kinds of numbers that this processor computes with at full speed, such as BF16."""
    found: list[str] = _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return found


class OpenVino(Callers):
    """One stream of one thread for each processor, and as many callers.

    Raises:
        WeightsError: OpenVINO cannot use the model, or was not measured to win with it in
            arithmetic that this processor has.
    """

    name = "openvino"

    def __init__(self, model: Model) -> None:
        precision = model.tower.runtime.openvino
        if not precision:
            raise WeightsError(f"OpenVINO does not win with {model.path}")
        try:
            if precision == "bf16" and "BF16" not in capabilities():
                raise WeightsError("this processor has no bfloat16")
            self._compiled = _compile(model)
        except Exception as error:  # RuntimeError of its own making, or what a broken one raises
            raise WeightsError(f"OpenVINO cannot use {model.path}: {error}") from error
        self._path = model.path
        self._output = _port(self._compiled, model.tower.output)
        self._local = threading.local()
        with _FIRST:
            self._infer(np.zeros((1, *model.shape), model.tower.preprocessing.dtype))
        super().__init__(self._infer, model.threads)

    def _infer(self, pixels: NDArray[Any]) -> NDArray[Any]:
        if not hasattr(self._local, "request"):
            self._local.request = self._compiled.create_infer_request()
        try:
            # The request's own memory is written again by its next run.
            return np.array(self._local.request.infer([pixels])[self._output])
        except Exception as error:
            raise WeightsError(f"{self._path} does not run on OpenVINO: {error}") from error


def _core() -> Any:
    """The one Core of this process, which is never let go.

    Each one gives its thread a stack for signals and takes it away when it dies, but puts the
    stack of an earlier one in its place, which may be gone by then: the next Ctrl-C then ends the
    process with a segmentation fault.
    """
    with _FIRST:
        return _only_core()


@functools.cache
def _only_core() -> Any:
    import openvino

    return openvino.Core()


def _compile(model: Model) -> Any:
    core = _core()
    network = core.read_model(model.path)
    if _port(network, model.tower.output) is None:
        network = core.read_model(model.path.read_bytes() + extra_output(model.tower.output))
    # Of known shapes the graph folds smaller.
    network.reshape([1, *model.shape])
    settings = {
        "INFERENCE_PRECISION_HINT": model.tower.runtime.openvino,
        "INFERENCE_NUM_THREADS": model.threads,
        "NUM_STREAMS": model.threads,
    }
    return core.compile_model(network, "CPU", settings)


def _port(network: Any, name: str) -> Any:
    return next((port for port in network.outputs if name in port.get_names()), None)
