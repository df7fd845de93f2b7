"""What an ONNX file takes and gives."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from lookalike.encoders.graph import extra_output
from lookalike.encoders.session import unusable
from lookalike.errors import WeightsError

_TYPES = {"float": "float32", "float16": "float16", "uint8": "uint8", "int64": "int64"}


@dataclass(frozen=True, slots=True)
class Value:
    """An input or output: its shape, None where any size will do, and the type of its numbers."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str

    def __str__(self) -> str:
        sizes = ", ".join("any" if size is None else str(size) for size in self.shape)
        return f"{self.name} {self.dtype} ({sizes})"


class Graph:
    """An ONNX model opened to look at it.

    Raises:
        WeightsError: it is no ONNX model.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._session = self._open(str(path))
        self.inputs = {value.name: value for value in map(_value, self._session.get_inputs())}
        self.outputs = {value.name: value for value in map(_value, self._session.get_outputs())}

    def __str__(self) -> str:
        inputs = ", ".join(map(str, self.inputs.values()))
        outputs = ", ".join(map(str, self.outputs.values()))
        return f"it takes {inputs or 'nothing'}; it gives {outputs or 'nothing'}"

    def look_inside(self, output: str) -> bool:
        """Whether a value inside the graph has this name; it is an output from now on."""
        try:
            self._session = self._open(self._path.read_bytes() + extra_output(output))
        except WeightsError:
            return False
        self.outputs |= {value.name: value for value in map(_value, self._session.get_outputs())}
        return True

    def run(self, output: str, feed: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """The one output.

        Raises:
            WeightsError: the model does not run on this.
        """
        try:
            return np.asarray(self._session.run([output], feed)[0])
        except Exception as error:  # ONNX Runtime raises its own kinds, and plain RuntimeError
            raise WeightsError(f"it does not run: {error}") from error

    def _open(self, model: str | bytes) -> Any:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        try:
            return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise WeightsError(unusable(self._path, error)) from error


def _value(found: Any) -> Value:
    sizes = tuple(size if isinstance(size, int) and size > 0 else None for size in found.shape)
    inner = found.type.removeprefix("tensor(").removesuffix(")")
    return Value(found.name, sizes, _TYPES.get(inner, inner))


def spread(shape: tuple[int, ...]) -> bool:
    """Whether the numbers of one picture lie along more than one axis."""
    return math.prod(shape) != max(shape, default=0)
