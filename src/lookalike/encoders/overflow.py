"""Whether this processor computes int8 products wrongly by default.

x86 processors without VNNI instructions multiply uint8 by int8 in 16 bits, where large sums
saturate; ONNX Runtime does so unless told otherwise (its "session.x64quantprecision", which
costs half as much time again where it is not needed). The same int8 model would then give
another embedding on such a machine than on others. Rather than guess from the processor's
name, one product that would saturate is computed.
"""

import functools

import numpy as np
import onnxruntime

from lookalike.encoders.graph import field, integer

_ROWS, _INNER, _COLUMNS = 4, 64, 16
_UINT8, _INT8, _INT32 = 2, 3, 6


@functools.cache
def int8_overflows() -> bool:
    """Multiply 255 by 127 in a small MatMulInteger and look whether the sum is right."""
    session = onnxruntime.InferenceSession(_model(), providers=["CPUExecutionProvider"])
    left = np.full((_ROWS, _INNER), 255, np.uint8)
    (product,) = session.run(["y"], {"x": left})
    return bool((product != 255 * 127 * _INNER).any())


def _model() -> bytes:
    """The product y = x · w as a serialised ModelProto (numbers: fields of onnx.proto)."""
    weights = field(9, np.full((_INNER, _COLUMNS), 127, np.int8).tobytes()) + field(8, b"w")
    sizes = integer(1, _INNER) + integer(1, _COLUMNS) + integer(2, _INT8)
    node = field(1, b"x") + field(1, b"w") + field(2, b"y") + field(4, b"MatMulInteger")
    graph = field(1, node) + field(2, b"overflow") + field(5, sizes + weights)
    graph += field(11, _value(b"x", _UINT8, _INNER)) + field(12, _value(b"y", _INT32, _COLUMNS))
    return integer(1, 8) + field(7, graph) + field(8, integer(2, 13))


def _value(name: bytes, kind: int, columns: int) -> bytes:
    shape = field(1, integer(1, _ROWS)) + field(1, integer(1, columns))
    return field(1, name) + field(2, field(1, integer(1, kind) + field(2, shape)))
