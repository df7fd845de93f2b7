"""Reads back what onnx_file wrote: the nodes and constants of a serialised model."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Attribute = int | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """One operator with one output, and its attributes that are integers."""

    kind: str
    inputs: list[str]
    output: str
    attributes: dict[str, Attribute]


@dataclass(frozen=True, slots=True)
class Graph:
    """`given` and `output` are a name and a shape without its batch axis."""

    nodes: list[Node]
    tensors: dict[str, NDArray[np.float32]]
    given: tuple[str, tuple[int, ...]]
    output: tuple[str, tuple[int, ...]]


def graph(model: bytes) -> Graph:
    """The graph of a model that onnx_file.model wrote, with constants of float32."""
    parts = list(_fields(_one(model, 7)))
    return Graph(
        nodes=[_node(part) for number, part in parts if number == 1],
        tensors=dict(_tensor(part) for number, part in parts if number == 5),
        given=_value(next(part for number, part in parts if number == 11)),
        output=_value(next(part for number, part in parts if number == 12)),
    )


def _node(message: bytes) -> Node:
    parts = list(_fields(message))
    return Node(
        kind=_one(message, 4).decode(),
        inputs=[part.decode() for number, part in parts if number == 1],
        output=_one(message, 2).decode(),
        attributes=dict(_attribute(part) for number, part in parts if number == 5),
    )


def _attribute(message: bytes) -> tuple[str, Attribute]:
    values = tuple(_numbers(message, 8))
    return _one(message, 1).decode(), values or next(_numbers(message, 3))


def _tensor(message: bytes) -> tuple[str, NDArray[np.float32]]:
    shape = list(_numbers(message, 1))
    return _one(message, 8).decode(), np.frombuffer(_one(message, 9), "<f4").reshape(shape)


def _value(message: bytes) -> tuple[str, tuple[int, ...]]:
    shape = _one(_one(_one(message, 2), 1), 2)
    sizes = [size for _, dim in _fields(shape) for size in _numbers(dim, 1)]
    return _one(message, 1).decode(), tuple(sizes)


def _one(message: bytes, number: int) -> bytes:
    return next(part for found, part in _fields(message) if found == number)


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The length-delimited fields."""
    return ((number, part) for number, part in _all(message) if isinstance(part, bytes))


def _numbers(message: bytes, number: int) -> Iterator[int]:
    """The values of a field of varints."""
    return (part for found, part in _all(message) if found == number and isinstance(part, int))


def _all(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value, at = _varint(message, at)
        if tag & 7 == 2:
            yield tag >> 3, message[at : at + value]
            at += value
        else:
            yield tag >> 3, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (message[at] & 0x7F) << shift
        shift += 7
        at += 1
        if message[at - 1] < 0x80:
            return value, at
