"""ONNX Runtime sessions: how models are opened and run."""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from lookalike.encoders.card import Pool
from lookalike.encoders.graph import extra_output
from lookalike.encoders.overflow import int8_overflows
from lookalike.errors import WeightsError, ZeroEmbeddingError

CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"
_WARNINGS = 2

# Nothing is taken from the embeddings for speed: no TF32, whose products have 10 bits. The search
# for the best algorithm would start again for each new number of pictures.
_CUDA_OPTIONS = {
    "arena_extend_strategy": "kSameAsRequested",
    "cudnn_conv_algo_search": "HEURISTIC",
    "use_tf32": "0",
}


# What ONNX Runtime's allocators, CUDA, cuBLAS and cuDNN say.
_OUT_OF_MEMORY = ("out of memory", "failed to allocate", "alloc_failed", "allocation_failed")


class NoSuchValueError(WeightsError):
    """The model's graph has no value of the name asked for."""


class OutOfMemoryError(WeightsError):
    """There was no memory for a run; a smaller batch may do."""


class Session:
    """One ONNX model on the processor, or on a GPU; safe to run from several threads.

    Args:
        path: the file.
        output: a value of its graph, declared an output or not.
        threads: how many threads share the work of one run. More make one run shorter; with 1,
            several callers at once give the most pictures per second (docs/encoders.md).
        cuda: compute on the first GPU that is visible; `providers` says whether that worked.

    Raises:
        NoSuchValueError: it has no such value.
        WeightsError: it is no ONNX model, or its weights are in other files that are not there.
    """

    def __init__(self, path: Path, output: str, *, threads: int, cuda: bool = False) -> None:
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
            opened = _open_on_gpu if cuda else _open
            self._session = opened(str(path), options)
            if output not in {value.name for value in self._session.get_outputs()}:
                self._session = opened(path.read_bytes() + extra_output(output), options)
        except Exception as error:  # ONNX Runtime raises its own kinds, and plain RuntimeError
            if f"Graph output ({output}) does not exist" in str(error):
                raise NoSuchValueError(f"{path} has no value {output!r}") from error
            raise WeightsError(unusable(path, error)) from error
        self.inputs = {value.name: value for value in self._session.get_inputs()}
        self.providers: list[str] = self._session.get_providers()

    def run(self, feed: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Run the model and return the one output.

        Raises:
            OutOfMemoryError: there is not enough memory.
            WeightsError: the model refuses this input.
        """
        try:
            result: NDArray[Any] = self._session.run([self._output], feed)[0]
        except Exception as error:
            short = any(words in str(error).lower() for words in _OUT_OF_MEMORY)
            kind = OutOfMemoryError if short else WeightsError
            raise kind(f"{self._path} does not run: {error}") from error
        return result


def unusable(path: Path, error: Exception) -> str:
    """Why a file cannot be opened as a model, for people."""
    if "external" in str(error).lower():
        return (
            f"{path} keeps its weights in other files, which cannot be taken along. Save it as one "
            'file: onnx.save(onnx.load("MODEL.onnx"), "ONE.onnx") in Python, where those are'
        )
    return f"{path} cannot be used as a model: {error}"


def unit_rows(values: NDArray[Any], source: object) -> NDArray[np.float32]:
    """Rows scaled to unit length, float32.

    Raises:
        WeightsError: a row is not finite: the weights are broken.
        ZeroEmbeddingError: a row is zero, as black is to a model without biases.
    """
    rows = values.astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(lengths).all():
        raise WeightsError(f"{source} gave an embedding that is not finite: its weights are broken")
    if not lengths.all():
        raise ZeroEmbeddingError(
            f"{source} gave an embedding that is zero: it makes nothing of this input, or its "
            "weights are broken",
            np.flatnonzero(lengths == 0).tolist(),
        )
    unit: NDArray[np.float32] = rows / lengths
    return unit


def pooled(output: NDArray[Any], pool: Pool) -> NDArray[Any]:
    """What an image tower's card keeps of its output: (n, dim)."""
    match pool:
        case "first-token":
            return output[:, 0]
        case "max":
            return np.asarray(output.max(axis=(2, 3)))
        case "mean":
            return np.asarray(output.mean(axis=(2, 3)))
        case "flatten":
            return output.reshape(len(output), -1)
        case "none":
            return output


def _open(model: str | bytes, options: onnxruntime.SessionOptions) -> Any:
    return onnxruntime.InferenceSession(model, options, providers=[_CPU])


def _open_on_gpu(model: str | bytes, options: onnxruntime.SessionOptions) -> Any:
    """What cannot be computed there is computed on the processor.

    What ONNX Runtime prints when CUDA's libraries are not found is left out: the caller looks at
    the session's providers.
    """
    onnxruntime.set_default_logger_severity(4)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            onnxruntime.preload_dlls()
        return onnxruntime.InferenceSession(
            model, options, providers=[(CUDA, _CUDA_OPTIONS), _CPU], enable_fallback=0
        )
    finally:
        onnxruntime.set_default_logger_severity(_WARNINGS)
