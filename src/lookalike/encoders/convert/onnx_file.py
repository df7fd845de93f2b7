"""Writes ONNX models without the `onnx` package: the few operators of convolutional networks.

Field numbers are those of onnx.proto, IR version 8. The same arrays give the same bytes on every
machine, so the SHA-256 of a converted model can be stated in its card.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.graph import field, integer

_IR_VERSION, _OPSET = 8, 13
# TensorProto.DataType
_FLOAT = 1
_TYPES = {"float32": _FLOAT, "uint8": 2, "int8": 3, "int32": 6}
_INT, _INTS = 2, 7  # AttributeProto.AttributeType


def node(
    kind: str, inputs: list[str], output: str, **attributes: int | tuple[int, ...]
) -> tuple[int, bytes]:
    """One operator of the graph, with attributes that are integers."""
    payload = b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(4, kind)
    for name, value in attributes.items():
        payload += field(5, _attribute(name, value))
    return 1, payload


def tensor(name: str, values: NDArray[Any]) -> tuple[int, bytes]:
    """A constant of the graph: an array of float32, uint8, int8 or int32."""
    shape = b"".join(integer(1, size) for size in values.shape)
    data = values.astype(values.dtype.newbyteorder("<")).tobytes()
    return 5, shape + integer(2, _TYPES[values.dtype.name]) + _text(8, name) + field(9, data)


def conv(
    name: str,
    value: str,
    kernel: NDArray[np.float32],
    bias: NDArray[np.float32],
    *,
    stride: int = 1,
    pad: int = 0,
) -> tuple[list[tuple[int, bytes]], str]:
    """A convolution of `value`, and the name of what it gives.

    The kernel is (height, width, in, out), as Flax and Keras keep it.
    """
    size = tuple(kernel.shape[:2])
    settings = {"kernel_shape": size, "strides": (stride, stride), "pads": (pad,) * 4}
    parts = [
        tensor(f"{name}/kernel", kernel.transpose(3, 2, 0, 1)),
        tensor(f"{name}/bias", bias),
        node("Conv", [value, f"{name}/kernel", f"{name}/bias"], name, **settings),
    ]
    return parts, name


def model(
    parts: list[tuple[int, bytes]],
    given: tuple[str, tuple[int, ...]],
    output: tuple[str, tuple[int, ...]],
) -> bytes:
    """A serialised model of float32 input and output; both have a batch axis before their shape."""
    graph = b"".join(field(number, part) for number, part in parts) + _text(2, "lookalike")
    graph += field(11, _value(*given)) + field(12, _value(*output))
    return integer(1, _IR_VERSION) + field(7, graph) + field(8, integer(2, _OPSET))


def _value(name: str, shape: tuple[int, ...]) -> bytes:
    batch = field(1, _text(2, "batch"))
    sizes = batch + b"".join(field(1, integer(1, size)) for size in shape)
    return _text(1, name) + field(2, field(1, integer(1, _FLOAT) + field(2, sizes)))


def _attribute(name: str, value: int | tuple[int, ...]) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + integer(3, value) + integer(20, _INT)
    values = b"".join(integer(8, each) for each in value)
    return _text(1, name) + values + integer(20, _INTS)


def _text(number: int, value: str) -> bytes:
    return field(number, value.encode())
