"""ONNX Runtime sessions: how models are opened and run."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from lookalike.encoders.graph import extra_output
from lookalike.encoders.overflow import int8_overflows
from lookalike.errors import WeightsError


class Session:
    """One ONNX model on the processor; safe to run from several threads.

    Args:
        path: the file.
        output: a value of its graph, declared an output or not.
        threads: how many threads share the work of one run. More make one run shorter; with 1,
            several callers at once give the most pictures per second (docs/encoders.md).

    Raises:
        WeightsError: it is no ONNX model, or has no such value.
    """

    def __init__(self, path: Path, output: str, *, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # errors come as exceptions; nothing on standard error
        # Threads that wait busily take the processors from decoding, and from other programs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if int8_overflows():
            options.add_session_config_entry("session.x64quantprecision", "1")
        self._path = path
        self._output = output
        try:
            self._session = _open(str(path), options)
            if output not in {value.name for value in self._session.get_outputs()}:
                self._session = _open(path.read_bytes() + extra_output(output), options)
        except Exception as error:  # ONNX Runtime raises its own kinds, and plain RuntimeError
            raise WeightsError(f"{path} cannot be used as a model: {error}") from error
        self.inputs = {value.name: value for value in self._session.get_inputs()}

    def run(self, feed: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Run the model and return the one output.

        Raises:
            WeightsError: the model refuses this input.
        """
        try:
            result: NDArray[Any] = self._session.run([self._output], feed)[0]
        except Exception as error:
            raise WeightsError(f"{self._path} does not run: {error}") from error
        return result


def unit_rows(values: NDArray[Any], source: object) -> NDArray[np.float32]:
    """Rows scaled to unit length, float32.

    Raises:
        WeightsError: a row is not finite, or is zero: the weights are broken.
    """
    rows = values.astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise WeightsError(
            f"{source} gave an embedding that is zero or not finite: its weights are broken"
        )
    unit: NDArray[np.float32] = rows / lengths
    return unit


def _open(model: str | bytes, options: onnxruntime.SessionOptions) -> Any:
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
