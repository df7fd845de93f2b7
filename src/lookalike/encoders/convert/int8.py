"""int8 forms of convolutional networks with fixed scales (Jacob et al. 2018, arXiv:1712.05877).

Kernels become int8 with one scale for each output channel. What flows between the operators becomes
uint8 between the least and the greatest value that it had on example photographs
(scripts/fit_ranges.py). No scale depends on the picture, so no picture's embedding depends on what
else is in its batch. The file has QuantizeLinear and DequantizeLinear around operators of float32,
which ONNX Runtime joins into operators of int8.
"""

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.convert import onnx_file, wire

Ranges = dict[str, tuple[float, float]]
_Parts = list[tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class _Scale:
    """A real value is (number − zero) · scale; the names of both in the graph."""

    names: list[str]
    scale: np.float32


def ranges(name: str) -> Ranges:
    """The least and the greatest of each value of a network, as shipped in ranges/NAME.json."""
    text = resources.files(__package__).joinpath("ranges", f"{name}.json").read_text("ascii")
    return {value: (low, high) for value, (low, high) in json.loads(text).items()}


def quantised(model: bytes, found: Ranges) -> bytes:
    """The int8 form of a network of Conv, Relu, Add, MaxPool and what follows them.

    Raises:
        KeyError: a value has no range: those are of another network.
    """
    graph = wire.graph(model)
    given, output = graph.given, graph.output
    parts: _Parts = []
    scales: dict[str, _Scale] = {}
    users: dict[str, list[str]] = {}
    for node in graph.nodes:
        for name in node.inputs:
            users.setdefault(name, []).append(node.kind)

    def cut(value: str, name: str, low: float, high: float) -> None:
        """Round `value` to uint8; the operators that take `name` get it back from there."""
        scales[name] = _scale(parts, name, min(low, 0.0), max(high, 0.0))
        parts.append(onnx_file.node("QuantizeLinear", [value, *scales[name].names], f"{name}/q"))
        parts.append(
            onnx_file.node("DequantizeLinear", [f"{name}/q", *scales[name].names], f"{name}/dq")
        )

    cut(given[0], given[0], *found[given[0]])
    for node in graph.nodes:
        inputs = [f"{name}/dq" if name in scales else name for name in node.inputs]
        if node.kind == "Conv":
            kernel, bias = (graph.tensors[name] for name in node.inputs[1:])
            inputs[1:] = _weights(parts, node.output, kernel, bias, scales[node.inputs[0]].scale)
        if node.kind == "Relu":
            # Rounding to uint8 from zero upwards is what makes negative values zero.
            cut(node.inputs[0], node.output, *found[node.output])
            continue
        parts.append(onnx_file.node(node.kind, inputs, node.output, **node.attributes))
        if node.output == output[0] or users[node.output] == ["Relu"]:
            continue
        if node.kind in {"Conv", "Add"}:
            cut(node.output, node.output, *found[node.output])
        elif node.kind == "MaxPool":
            # The greatest of numbers is one of them: the scale stays.
            found = {**found, node.output: found[node.inputs[0]]}
            cut(node.output, node.output, *found[node.output])
    return onnx_file.model(parts, given, output)


def _scale(parts: _Parts, name: str, low: float, high: float) -> _Scale:
    scale = np.float32((high - low) / 255)
    zero = np.uint8(round(-low / float(scale)))
    names = [f"{name}/scale", f"{name}/zero"]
    parts.append(onnx_file.tensor(names[0], np.array(scale)))
    parts.append(onnx_file.tensor(names[1], np.array(zero)))
    return _Scale(names, scale)


def _weights(
    parts: _Parts, name: str, kernel: NDArray[Any], bias: NDArray[Any], given: np.float32
) -> list[str]:
    """Kernel (out, in, height, width) as int8, bias as int32; the names to read them by."""
    peaks = np.maximum(np.abs(kernel).max(axis=(1, 2, 3)), np.float32(1e-12))
    steps = (peaks / np.float32(127)).astype(np.float32)
    numbers = np.rint(kernel / steps[:, None, None, None]).astype(np.int8)
    of_bias = (steps * given).astype(np.float32)
    sums = np.rint(bias.astype(np.float64) / of_bias).astype(np.int32)
    read = []
    for part, values, scale in (("kernel", numbers, steps), ("bias", sums, of_bias)):
        names = [f"{name}/{part}{end}" for end in ("", "/scale", "/zero")]
        arrays = (values, scale, np.zeros(len(scale), values.dtype))
        parts += [onnx_file.tensor(*pair) for pair in zip(names, arrays, strict=True)]
        parts.append(onnx_file.node("DequantizeLinear", names, f"{name}/{part}/dq", axis=0))
        read.append(f"{name}/{part}/dq")
    return read
