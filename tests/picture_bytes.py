"""Picture files made from scratch, with Pillow or by hand, for tests to use and to break."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

W, H = 64, 48


def scene(width: int = W, height: int = H) -> Image.Image:
    """A picture with an up, a down, a left and a right."""
    across = np.linspace(0, 255, width, dtype=np.uint8)
    down = np.linspace(0, 255, height, dtype=np.uint8)
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[..., 0] = across[None, :]
    pixels[..., 1] = down[:, None]
    pixels[..., 2] = 128
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 4, height // 4), (255, 0, 0))
    draw.ellipse((width // 2, height // 2, width - 4, height - 4), (255, 255, 0))
    return image


def encode(image: Image.Image, format: str, **options: object) -> bytes:  # noqa: A002
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def every_format() -> dict[str, bytes]:
    """One sound file of each format, by suffix."""
    image = scene()
    frames = [scene(), image.transpose(Image.Transpose.ROTATE_180)]
    return {
        ".jpg": encode(image, "JPEG", quality=90),
        ".png": encode(image, "PNG"),
        ".webp": encode(image, "WEBP", quality=90),
        ".gif": encode(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        ".bmp": encode(image, "BMP"),
        ".tif": encode(image, "TIFF", compression="tiff_lzw"),
        ".avif": encode(image, "AVIF", quality=90),
    }


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    width: int,
    height: int,
    pixels: bytes,
    *,
    depth: int = 8,
    colour: int = 0,
    before: bytes = b"",
) -> bytes:
    """A PNG of raw, filter-prefixed rows; `before` is put between IHDR and IDAT."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + before
        + png_chunk(b"IDAT", zlib.compress(pixels, 1))
        + png_chunk(b"IEND", b"")
    )


def webp(chunk: bytes, body: bytes) -> bytes:
    inner = b"WEBP" + chunk + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


def jpeg_with_size(width: int, height: int) -> bytes:
    data = bytearray(encode(scene(), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def tiff(entries: list[tuple[int, int, int, int]], next_ifd: int = 0) -> bytes:
    """A TIFF of one directory at offset 8 with (tag, type, count, value) entries."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\x00" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", next_ifd)


def exif_orientation(value: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif.tobytes()


def write(folder: Path, name: str, data: bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
