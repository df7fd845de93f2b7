"""Reads a pickle of NumPy arrays without unpickling it.

Unpickling calls what the file names, so a file could run anything. Here the opcodes are read one
by one (pickletools knows them without running them), and only dicts, tuples, texts, numbers and
float32 arrays can come of them, whatever is in the file. An array is a view of the bytes in the
file: none can be larger than the file is.
"""

import math
import pickletools
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

# What the file may name. They are marks on our stack, never called.
_RECONSTRUCT = "numpy.core.multiarray _reconstruct"
_NDARRAY = "numpy ndarray"
_DTYPE = "numpy dtype"
_NAMES = {name: (name,) for name in (_RECONSTRUCT, _NDARRAY, _DTYPE)}
_FLOAT32 = ("float32",)
_MARK = object()

_NEEDED = {
    *("PROTO", "STOP", "GLOBAL", "REDUCE", "BUILD", "MARK"),
    *("BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET"),
    *("BINUNICODE", "BININT", "BININT1", "BININT2", "BINBYTES", "SHORT_BINBYTES"),
    *("NONE", "NEWTRUE", "NEWFALSE", "EMPTY_DICT", "SETITEM", "SETITEMS"),
    *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
}
_OPCODES = {opcode.code: opcode for opcode in pickletools.opcodes if opcode.name in _NEEDED}


class _Array:
    """An array of which the shape and the bytes come later in the file."""

    values: NDArray[np.float32]


def read(stream: BinaryIO) -> Any:
    """Read the object in a pickle of protocol 2 or 3, arrays as float32.

    Raises:
        ValueError: there is anything else in it than dicts, tuples, texts, numbers and arrays.
    """
    try:
        return _finished(_run(stream), {})
    except (IndexError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"a pickle that makes no sense: {error!r}") from error


def _run(stream: BinaryIO) -> Any:
    stack: list[Any] = []
    memo: dict[Any, Any] = {}
    for name, argument in _opcodes(stream):
        match name:
            case "PROTO":
                pass
            case "STOP":
                return stack.pop()
            case "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case "GLOBAL":
                if argument not in _NAMES:
                    raise ValueError(f"a pickle that asks for {argument!r}, which is no array")
                stack.append(_NAMES[argument])
            case "BINUNICODE" | "BININT" | "BININT1" | "BININT2" | "BINBYTES" | "SHORT_BINBYTES":
                stack.append(argument)
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[name])
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_TUPLE":
                stack.append(())
            case "MARK":
                stack.append(_MARK)
            case "TUPLE":
                stack.append(tuple(_since_mark(stack)))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = int(name[-1])
                if len(stack) < count:
                    raise ValueError("a pickle that makes no sense: a tuple of nothing")
                stack[-count:] = [tuple(stack[-count:])]
            case "SETITEM":
                items = stack[-2:]
                del stack[-2:]
                _put(stack[-1], items)
            case "SETITEMS":
                items = _since_mark(stack)
                _put(stack[-1], items)
            case "REDUCE":
                arguments, called = stack.pop(), stack.pop()
                stack.append(_made(called, arguments))
            case "BUILD":
                state = stack.pop()
                _build(stack[-1], state)
    raise ValueError("a pickle without an end")


def _opcodes(stream: BinaryIO) -> Iterator[tuple[str, Any]]:
    """Names and arguments of the opcodes; of one that no array needs, nothing more is read."""
    while code := stream.read(1):
        opcode = _OPCODES.get(code.decode("latin-1"))
        if opcode is None:
            raise ValueError(f"a pickle with the opcode {code!r}, which no array needs")
        if opcode.name == "GLOBAL":  # pickletools would read escapes in it
            names = (stream.readline().rstrip(b"\n").decode() for _ in range(2))
            yield opcode.name, " ".join(names)
        else:
            yield opcode.name, None if opcode.arg is None else opcode.arg.reader(stream)


def _since_mark(stack: list[Any]) -> list[Any]:
    place = len(stack) - 1 - stack[::-1].index(_MARK)
    items = stack[place + 1 :]
    del stack[place:]
    return items


def _put(target: Any, items: list[Any]) -> None:
    """Put keys and values, which follow each other, into a dict."""
    keys = items[::2]
    if type(target) is not dict or any(type(key) is not str for key in keys):
        raise ValueError("a pickle that puts items into what is no dict of texts")
    target.update(zip(keys, items[1::2], strict=True))


def _made(called: Any, arguments: Any) -> Any:
    """What the file would have had called: an empty array, or the type of its numbers."""
    if called == (_RECONSTRUCT,) and arguments == ((_NDARRAY,), (0,), b"b"):
        return _Array()
    if called == (_DTYPE,) and arguments[:1] == ("f4",):
        return _FLOAT32
    raise ValueError("a pickle with an array that is not of float32")


def _build(target: Any, state: Any) -> None:
    """Give an array its shape and bytes, or a type its byte order."""
    if target is _FLOAT32:
        if state[:2] != (3, "<"):
            raise ValueError("a pickle with an array that is not little-endian")
        return
    _, shape, dtype, fortran, data = state
    if type(target) is not _Array or dtype is not _FLOAT32 or fortran:
        raise ValueError("a pickle with an array that is not of float32 in C order")
    if type(data) is not bytes or any(type(size) is not int or size < 0 for size in shape):
        raise ValueError("a pickle with an array without bytes or shape")
    if 4 * math.prod(shape) != len(data):
        raise ValueError(f"a pickle with an array of shape {shape} in {len(data)} bytes")
    target.values = np.frombuffer(data, "<f4").reshape(shape)


def _finished(value: Any, seen: dict[int, Any]) -> Any:
    """The object with its arrays as arrays, each part once, however often it is named."""
    if id(value) not in seen:
        if isinstance(value, _Array):
            seen[id(value)] = value.values
        elif isinstance(value, dict):
            seen[id(value)] = {key: _finished(item, seen) for key, item in value.items()}
        elif isinstance(value, tuple):
            seen[id(value)] = tuple(_finished(item, seen) for item in value)
        else:
            return value
    return seen[id(value)]
