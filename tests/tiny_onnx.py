"""Writes very small ONNX models by hand, so that tests need no package to make them."""

import struct

FLOAT, UINT8, INT64, FLOAT16 = 1, 2, 7, 10


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def data(field: int, payload: bytes | str) -> bytes:
    payload = payload.encode() if isinstance(payload, str) else payload
    return varint(field << 3 | 2) + varint(len(payload)) + payload


def value(name: str, kind: int, shape: list[int | str]) -> bytes:
    dims = b"".join(
        data(1, data(2, size) if isinstance(size, str) else number(1, size)) for size in shape
    )
    return data(1, name) + data(2, data(1, number(1, kind) + data(2, dims)))


def node(kind: str, inputs: list[str], outputs: list[str], **integers: int) -> bytes:
    attributes = b"".join(
        data(5, data(1, name) + number(3, setting) + number(20, 2))
        for name, setting in integers.items()
    )
    names = b"".join(data(1, name) for name in inputs) + b"".join(data(2, n) for n in outputs)
    return names + data(4, kind) + attributes


def floats(name: str, shape: list[int], values: list[float]) -> bytes:
    dims = b"".join(number(1, size) for size in shape)
    return (
        dims + number(2, FLOAT) + data(8, name) + data(9, struct.pack(f"<{len(values)}f", *values))
    )


def int64s(name: str, values: list[int]) -> bytes:
    packed = struct.pack(f"<{len(values)}q", *values)
    return number(1, len(values)) + number(2, INT64) + data(8, name) + data(9, packed)


def model(
    nodes: list[bytes], initializers: list[bytes], inputs: list[bytes], outputs: list[bytes]
) -> bytes:
    graph = b"".join(data(1, n) for n in nodes) + data(2, "tiny")
    graph += b"".join(data(5, tensor) for tensor in initializers)
    graph += b"".join(data(11, v) for v in inputs) + b"".join(data(12, v) for v in outputs)
    return number(1, 8) + data(7, graph) + data(8, number(2, 13))


def text_tower(weights: list[float], length: int | str = "length", *, masked: bool = True) -> bytes:
    """(n, length) ids → (n, dim): the sum of the ids (of those unmasked) times `weights`."""
    shape: list[int | str] = ["n", length]
    inputs = [value("input_ids", INT64, shape)]
    product = [node("Identity", ["input_ids"], ["kept"])]
    if masked:
        inputs.append(value("attention_mask", INT64, shape))
        product = [node("Mul", ["input_ids", "attention_mask"], ["kept"])]
    return model(
        [
            *product,
            node("Cast", ["kept"], ["numbers"], to=FLOAT),
            node("ReduceSum", ["numbers", "axes"], ["sum"], keepdims=1),
            node("MatMul", ["sum", "weights"], ["text_embeds"]),
        ],
        [int64s("axes", [1]), floats("weights", [1, len(weights)], weights)],
        inputs,
        [value("text_embeds", FLOAT, ["n", len(weights)])],
    )


def image_tower(factor: float, side: int = 2, output: str = "embedding") -> bytes:
    """(n, 3, side, side) → (n, 3): the mean colour times `factor`."""
    return model(
        [
            node("Mul", ["pixels", "factor"], ["scaled"]),
            node("GlobalAveragePool", ["scaled"], ["pooled"]),
            node("Flatten", ["pooled"], [output], axis=1),
        ],
        [floats("factor", [1], [factor])],
        [value("pixels", FLOAT, ["n", 3, side, side])],
        [value(output, FLOAT, ["n", 3])],
    )


def outside(side: int, location: str) -> bytes:
    """An image tower whose factor is in another file, of one float32."""

    def entry(key: str, text: str) -> bytes:
        return data(13, data(1, key) + data(2, text))

    factor = number(1, 1) + number(2, FLOAT) + data(8, "factor") + number(14, 1)
    factor += entry("location", location) + entry("offset", "0") + entry("length", "4")
    return model(
        [
            node("Mul", ["pixels", "factor"], ["scaled"]),
            node("GlobalAveragePool", ["scaled"], ["pooled"]),
            node("Flatten", ["pooled"], ["embedding"], axis=1),
        ],
        [factor],
        [value("pixels", FLOAT, ["n", 3, side, side])],
        [value("embedding", FLOAT, ["n", 3])],
    )


CARD = """
name = "tiny"
title = "Tiny"
summary = "The mean colour."
kind = "embedding"
size = 3
min_side = 2

[licence]
weights = "CC0-1.0"
url = "https://example.org"

[image]
input = "pixels"
output = "embedding"
pool = "none"

[image.file]
name = "tiny.onnx"

[image.preprocessing]
version = 1
resize = "stretch"
shorter_side = 2
crop = 2
interpolation = "bilinear"
scale = 1.0
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
colour = "RGB"
layout = "NCHW"
dtype = "float32"

[text]
output = "text_embeds"
max_tokens = 8
note = "Bring one."
[text.model]
name = "text.onnx"
[text.tokenizer]
name = "tokenizer.json"
"""
