"""The index's file: a header that names its arrays, and the arrays, little-endian.

8 bytes `LKHAMMIX`, uint32 version, uint32 length of the header, the header as JSON, uint32 CRC-32
of everything so far; then each array from a multiple of 64 bytes on. The header has the layout,
the file's length, and the name, type, shape, place and CRC-32 of each array.
"""

import json
import mmap
import os
import struct
import sys
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import NotFoundError, StoreError
from lookalike.hamming.layout import Layout
from lookalike.hamming.part import Part
from lookalike.hamming.tables import Tables

_MAGIC = b"LKHAMMIX"
_VERSION = 1
_ALIGN = 64
_START = struct.Struct("<8sII")
_OF_TABLES = ("offsets", "sketch", "high", "rows", "words")
_OF_PART = ("ids", "long", "before")
_READ_BYTES = 1 << 22
_KINDS = ("<u8", "<u4", "<u2", "<i8")


def write(path: str | os.PathLike[str], layout: Layout, part: Part | None) -> None:
    """Write a part of which nothing is gone, or nothing, to a file.

    Raises:
        StoreError: it cannot be written.
    """
    target = Path(path)
    new = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with new.open("wb") as file:
            for piece in _pieces(layout, part):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        new.replace(target)
    except BaseException as error:
        with suppress(OSError):
            new.unlink()
        if isinstance(error, OSError):
            raise StoreError(
                f"The Hamming index {target} cannot be written: {error.strerror}. "
                "Make room, or choose another place."
            ) from error
        raise


def _pieces(layout: Layout, part: Part | None) -> "list[Any]":
    arrays = {} if part is None else _arrays(part)
    listed: list[dict[str, Any]] = []
    place = 0
    for name, array in arrays.items():
        place += -place % _ALIGN
        data = _bytes(array)
        listed.append(
            {
                "name": name,
                "type": array.dtype.newbyteorder("<").str,
                "shape": list(array.shape),
                "place": place,
                "crc": zlib.crc32(data),
            }
        )
        place += len(data)
    header = {
        "bits": layout.bits,
        "order": list(layout.order),
        "blocks": [list(block) for block in layout.blocks],
        "arrays": listed,
        "bytes": place,
    }
    if part is not None:
        header["part"] = {
            "count": part.tables.count,
            "keys": list(part.tables.keys),
            "low": part.low,
            "high": part.high,
            "repeats": part.repeats,
        }
    text = json.dumps(header).encode()
    start = _START.pack(_MAGIC, _VERSION, len(text)) + text
    start += struct.pack("<I", zlib.crc32(start))
    pieces: list[Any] = [start, bytes(-len(start) % _ALIGN)]
    end = 0
    for entry, array in zip(listed, arrays.values(), strict=True):
        pieces += [bytes(entry["place"] - end), _bytes(array)]
        end = entry["place"] + array.nbytes
    return pieces


def _arrays(part: Part) -> dict[str, NDArray[Any]]:
    of_tables = {name: getattr(part.tables, name) for name in _OF_TABLES}
    return of_tables | {name: getattr(part, name) for name in _OF_PART}


def _bytes(array: NDArray[Any]) -> Any:
    """The array's bytes, little-endian, without a copy where it can be."""
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return little.reshape(-1).view(np.uint8).data


def read(path: str | os.PathLike[str], *, check: bool) -> tuple[Layout, Part | None]:
    """The layout and the part of a file, mapped into memory.

    Raises:
        NotFoundError: there is no such file.
        StoreError: it is another file, of a newer version, or damaged.
    """
    place = Path(path)
    try:
        with place.open("rb") as file:
            header, start = _header(file, place)
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        raise NotFoundError(f"There is no Hamming index {place}: build and save one.") from None
    except OSError as error:
        raise StoreError(f"The Hamming index {place} cannot be read: {error.strerror}.") from error
    try:
        if not header["arrays"]:
            return _layout(header), None
        if check:
            _check(mapped, start, header)
        return _layout(header), _part(mapped, start, header)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise _damaged(place) from error


def _header(file: Any, place: Path) -> tuple[dict[str, Any], int]:
    """The header and where the arrays begin."""
    size = os.fstat(file.fileno()).st_size
    start = file.read(_START.size)
    if not start.startswith(_MAGIC):
        raise StoreError(f"{place} is not a Hamming index: name one that `save` wrote.")
    try:
        _, version, length = _START.unpack(start)
        if version > _VERSION:
            raise StoreError(
                f"{place} was written by a newer lookalike (format {version}; this one knows "
                f"{_VERSION}): upgrade with `pip install --upgrade lookalike`."
            )
        if length > size:
            raise _damaged(place)
        text = file.read(length)
        (crc,) = struct.unpack("<I", file.read(4))
        if crc != zlib.crc32(start + text):
            raise _damaged(place)
        header = json.loads(text)
        begin = file.tell() + -file.tell() % _ALIGN
        if size != begin + header["bytes"]:
            raise _damaged(place)
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise _damaged(place) from error
    return header, begin


def _layout(header: dict[str, Any]) -> Layout:
    blocks = tuple((int(start), int(width)) for start, width in header["blocks"])
    return Layout(int(header["bits"]), tuple(map(int, header["order"])), blocks)


def _check(mapped: mmap.mmap, start: int, header: dict[str, Any]) -> None:
    view = memoryview(mapped)
    for entry in header["arrays"]:
        kind = np.dtype(entry["type"]).itemsize
        begin = start + entry["place"]
        end = begin + kind * int(np.prod(entry["shape"]))
        crc = 0
        for at in range(begin, end, _READ_BYTES):
            crc = zlib.crc32(view[at : min(at + _READ_BYTES, end)], crc)
        if crc != entry["crc"]:
            raise ValueError(entry["name"])


def _part(mapped: mmap.mmap, start: int, header: dict[str, Any]) -> Part:
    arrays: dict[str, Any] = {}
    for entry in header["arrays"]:
        if entry["type"] not in _KINDS:
            raise ValueError(entry["type"])
        shape = tuple(entry["shape"])
        array = np.frombuffer(
            mapped, entry["type"], int(np.prod(shape)), start + entry["place"]
        ).reshape(shape)
        native = array if sys.byteorder == "little" else array.astype(array.dtype.newbyteorder("="))
        arrays[entry["name"]] = native
    about = header["part"]
    tables = Tables(
        _layout(header),
        int(about["count"]),
        tuple(about["keys"]),
        **{name: arrays[name] for name in _OF_TABLES},
    )
    return Part(
        tables,
        **{name: arrays[name] for name in _OF_PART},
        gone=np.empty(0, np.int64),
        low=int(about["low"]),
        high=int(about["high"]),
        repeats=bool(about["repeats"]),
    )


def _damaged(place: Path) -> StoreError:
    return StoreError(f"The Hamming index {place} is damaged: build and save it again.")
