"""Checks on the raw bytes, made before Pillow sees them.

Pillow walks the blocks of a file in Python and has no limit on their number, so a crafted file
of a few megabytes could keep a thread busy for minutes. The limits here are far above what real
pictures have.
"""

import re
from typing import Literal

from lookalike.errors import PictureError
from lookalike.imaging.limits import MIB, Limits

MAX_SEGMENTS = 4096
MAX_JPEG_HEADER = 32 * MIB
MAX_JPEG_SCANS = 100
MAX_PNG_CHUNKS = 200_000
MAX_GIF_BLOCKS = 20_000
MAX_BMP_RUNS = 8 * MIB
MAX_TIFF_TAGS = 4096
MAX_TIFF_PIECES = 200_000

# A marker inside entropy-coded data: neither a stuffed 0xFF nor a restart (ITU-T T.81, B.1.1).
_JPEG_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
_JPEG_SOS, _JPEG_EOI = 0xDA, 0xD9
_JPEG_SEQUENTIAL = {0xC0, 0xC1}  # of Huffman coding, what Pillow can decode
_TIFF_OFFSETS = {273, 324}  # of strips, of tiles


def check_header(name: str, data: bytes, limits: Limits) -> None:
    """Raise PictureError when the blocks of a file are too many to be a real picture's.

    `name` is the format as `formats.identify` tells it. Broken structure passes: that is the
    decoder's to find.
    """
    if name == "jpeg":
        _check_jpeg(data)
    elif name == "png":
        _check_png(data)
    elif name == "gif":
        _check_gif(data)
    elif name == "bmp":
        _check_bmp(data)
    elif name == "tiff":
        _check_tiff(data)
    elif name == "webp":
        _check_webp(data, limits)


def _check_jpeg(data: bytes) -> None:
    at, segments, components = 2, 0, b""
    while data[at : at + 1] == b"\xff" and at + 4 <= len(data):
        marker = data[at + 1]
        if marker == _JPEG_SOS:
            if components and data[at + 4 : at + 5] == components:
                return  # one scan has them all, and libjpeg refuses another
            break
        # The number of components; of several frame headers, libjpeg refuses the second.
        if marker in _JPEG_SEQUENTIAL:
            components = data[at + 9 : at + 10]
        # Fill bytes and parameterless markers have no length.
        at += 1 if marker == 0xFF else 2
        if marker not in (0xFF, 0x01) and not 0xD0 <= marker <= 0xD9:
            at += int.from_bytes(data[at : at + 2])
        segments += 1
        if segments > MAX_SEGMENTS or at > MAX_JPEG_HEADER:
            raise PictureError("the JPEG header is absurdly long; save the picture anew")
    # Counting is fast, but what follows the picture (a clip, a second picture) counts as well;
    # only a suspicious count is worth the exact walk.
    if data.count(b"\xff\xda", at) > MAX_JPEG_SCANS and _jpeg_scans(data, at) > MAX_JPEG_SCANS:
        raise PictureError(
            f"the JPEG has more than {MAX_JPEG_SCANS} progressive scans; save the picture anew"
        )


def _jpeg_scans(data: bytes, at: int) -> int:
    """Count the scans of the picture whose first scan starts at `at`."""
    scans = 0
    while scans <= MAX_JPEG_SCANS and (found := _JPEG_MARKER.search(data, at)):
        marker = data[found.end() - 1]
        if marker == _JPEG_EOI:
            break
        scans += marker == _JPEG_SOS
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2])
    return scans


def _check_png(data: bytes) -> None:
    at, chunks = 8, 0
    while at + 8 <= len(data):
        at += 12 + int.from_bytes(data[at : at + 4])
        chunks += 1
        if chunks > MAX_PNG_CHUNKS:
            raise PictureError(
                f"the PNG has more than {MAX_PNG_CHUNKS:,} chunks; save the picture anew"
            )


def _check_gif(data: bytes) -> None:
    """Walk the extensions before the first picture."""
    if len(data) < 13:
        return
    at = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 128 else 0)
    blocks = 0
    while data[at : at + 1] == b"!":
        at += 2
        while at < len(data) and (length := data[at]):
            at += 1 + length
            blocks += 1
            if blocks > MAX_GIF_BLOCKS:
                raise PictureError(
                    f"the GIF has more than {MAX_GIF_BLOCKS:,} blocks before its first picture; "
                    "save the picture anew"
                )
        at += 1


def _check_bmp(data: bytes) -> None:
    # Run-length coded BMPs are decoded in Python, one run at a time.
    if int.from_bytes(data[30:34], "little") in (1, 2) and len(data) > MAX_BMP_RUNS:
        raise PictureError(
            f"the BMP is run-length coded and larger than {MAX_BMP_RUNS // MIB} MiB; save it as PNG"
        )


def _check_tiff(data: bytes) -> None:
    """Look through the first directory: of 12-byte entries, or of 20 in a BigTIFF."""
    order: Literal["little", "big"] = "little" if data.startswith(b"II") else "big"

    def number(at: int, length: int) -> int:
        return int.from_bytes(data[at : at + length], order)

    big = number(2, 2) == 43
    first, tags, entry, count = (8, 8, 20, 8) if big else (4, 2, 12, 4)
    directory = number(first, 8 if big else 4)
    start = directory + tags
    end = min(start + number(directory, tags) * entry, len(data))
    if end - start > MAX_TIFF_TAGS * entry:
        raise PictureError(f"the TIFF has more than {MAX_TIFF_TAGS:,} tags; save the picture anew")
    for at in range(start, end, entry):
        if number(at, 2) in _TIFF_OFFSETS and number(at + 4, count) > MAX_TIFF_PIECES:
            raise PictureError(
                f"the TIFF has more than {MAX_TIFF_PIECES:,} strips or tiles; save the picture anew"
            )


def _check_webp(data: bytes, limits: Limits) -> None:
    """Check the declared size, because opening a WebP already takes memory for its canvas.

    The three layouts are those of the container specification (RFC 9649).
    """
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:
        return
    if kind == b"VP8X":
        width = 1 + int.from_bytes(body[4:7], "little")
        height = 1 + int.from_bytes(body[7:10], "little")
    elif kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 ":
        width = int.from_bytes(body[6:8], "little") & 0x3FFF
        height = int.from_bytes(body[8:10], "little") & 0x3FFF
    else:
        return
    limits.check_size(width, height)
