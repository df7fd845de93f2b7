"""Columns as Milvus's protocol sends them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike.stores.milvus.layout import Column, Type

if TYPE_CHECKING:
    from pymilvus.grpc_gen.schema_pb2 import FieldData

Values: TypeAlias = "Sequence[Any] | NDArray[Any]"
"""What one column holds: scalars, JSON as bytes, or (n, dim) float32 or (n, bits/8) uint8."""

_DATA_FIELD = b"\x0a"
"""What precedes the length of field 1, packed, in protobuf's wire format."""


def field_data(column: Column, values: Values) -> "FieldData":
    """One column as a message."""
    from pymilvus.grpc_gen.schema_pb2 import FieldData

    made = FieldData(field_name=column.name, type=int(column.type))
    match column.type:
        case Type.BOOL:
            made.scalars.bool_data.data.extend(values)
        case Type.INT64:
            made.scalars.long_data.data.extend(values)
        case Type.DOUBLE:
            made.scalars.double_data.data.extend(values)
        case Type.VARCHAR:
            made.scalars.string_data.data.extend(values)
        case Type.JSON:
            made.scalars.json_data.data.extend(values)
        case Type.BINARY_VECTOR:
            made.vectors.dim = column.size
            made.vectors.binary_vector = np.asarray(values, np.uint8).tobytes()
        case Type.FLOAT_VECTOR:
            made.vectors.dim = column.size
            # Packed floats are sent as they lie in memory; one by one they take 50 times as long.
            raw = np.ascontiguousarray(values, "<f4").tobytes()
            made.vectors.float_vector.MergeFromString(_DATA_FIELD + _varint(len(raw)) + raw)
    return made


def values_of(data: "FieldData") -> Values:
    """A column of an answer: scalars, JSON as bytes, or (n, dim) float32 or (n, bits/8) uint8."""
    match data.type:
        case Type.BOOL:
            return list(data.scalars.bool_data.data)
        case Type.INT64:
            return list(data.scalars.long_data.data)
        case Type.DOUBLE:
            return list(data.scalars.double_data.data)
        case Type.VARCHAR:
            return list(data.scalars.string_data.data)
        case Type.JSON:
            return list(data.scalars.json_data.data)
        case Type.BINARY_VECTOR:
            raw = np.frombuffer(data.vectors.binary_vector, np.uint8)
            return raw.reshape(-1, data.vectors.dim // 8)
    raw = data.vectors.float_vector.SerializeToString()
    return _floats(raw).reshape(-1, data.vectors.dim)


def _floats(raw: bytes) -> NDArray[np.float32]:
    """The floats of a message that holds nothing else."""
    if not raw:
        return np.empty(0, np.float32)
    start = 1
    while raw[start] & 0x80:
        start += 1
    return np.frombuffer(raw, "<f4", offset=start + 1)


def nothing(rows: int) -> NDArray[np.uint8]:
    """(rows, 1) the vectors of tables that need none."""
    return np.zeros((rows, 1), np.uint8)


def _varint(number: int) -> bytes:
    """A length in protobuf's wire format: 7 bits a byte, the lowest first."""
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)
