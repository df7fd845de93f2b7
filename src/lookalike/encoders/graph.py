"""Ask an ONNX model for a value inside its graph, without the `onnx` package.

An ONNX file is one serialised protocol buffers message. By the wire format's rules
(protobuf.dev, "Encoding", Last One Wins), messages that are concatenated merge: embedded
messages merge field by field, repeated fields join. So a few bytes that spell a ModelProto
whose graph has one more output, appended to the file, add that output.
"""

_MODEL_GRAPH = 7
_GRAPH_OUTPUT = 12
_VALUE_NAME = 1


def extra_output(name: str) -> bytes:
    """The bytes to append to a serialised ModelProto so that value `name` becomes an output."""
    value = field(_VALUE_NAME, name.encode())
    return field(_MODEL_GRAPH, field(_GRAPH_OUTPUT, value))


def field(number: int, payload: bytes) -> bytes:
    """A length-delimited field: tag (number and wire type 2), length, payload."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def integer(number: int, value: int) -> bytes:
    """A varint field: tag (number and wire type 0), value."""
    return varint(number << 3) + varint(value)


def varint(value: int) -> bytes:
    """Seven bits a byte, lowest first, the eighth bit saying that more follow."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
