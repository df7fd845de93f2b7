"""Writes broken and hostile files, and what is no file at all.

- `write_broken`: regular files with a picture's suffix; every one must fail to decode;
- `write_special`: names that are no regular files; they must be passed over, and never block;
- `write_unreadable`: files whose permissions forbid reading (root reads them all the same);
- `write_good`, from `odd_pictures`: odd but sound pictures; every one must decode.

Names are relative to the folder and may hold "/"; a name that is not valid UTF-8 is given as
`os.fsdecode` gives it.
"""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
from odd_pictures import write_good
from picture_bytes import (
    H,
    W,
    encode,
    every_format,
    jpeg_with_size,
    png,
    png_chunk,
    scene,
    tiff,
    webp,
    write,
)

__all__ = ["write_broken", "write_good", "write_special", "write_unreadable"]


def _truncated() -> dict[str, tuple[bytes, str]]:
    files = {}
    for suffix, data in every_format().items():
        first = data if suffix != ".gif" else encode(scene(), "GIF")
        for percent in (5, 50, 90):
            cut = first[: len(first) * percent // 100]
            files[f"cut at {percent} per cent{suffix}"] = (cut, "truncated")
    return files


def _bombs() -> dict[str, tuple[bytes, str]]:
    text = b"Comment\x00\x00" + zlib.compress(bytes(64 * 1024 * 1024), 9)
    profile = b"icc\x00\x00" + zlib.compress(bytes(64 * 1024 * 1024), 9)
    row = b"\x00" * (1 + 20_000 // 8)
    avif = bytearray(every_format()[".avif"])
    at = avif.index(b"ispe") + 8
    avif[at : at + 8] = struct.pack(">II", 60_000, 60_000)
    return {
        "declared bomb.png": (png(50_000, 50_000, b"\0\0"), "50,000 × 50,000 declared"),
        "real bomb.png": (png(20_000, 10_001, row * 10_001, depth=1), "200 million real pixels"),
        "bomb.jpg": (jpeg_with_size(65_500, 65_500), "65,500 × 65,500 declared"),
        "bomb.gif": (
            b"GIF89a"
            + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0)
            + b","
            + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0)
            + b"\x08\x02\x44\x01\x00;",
            "65,535 × 65,535 declared",
        ),
        "bomb.bmp": (
            b"BM"
            + struct.pack("<IHHI", 54, 0, 0, 54)
            + struct.pack("<IiiHHIIiiII", 40, 100_000, 100_000, 1, 24, 0, 0, 0, 0, 0, 0),
            "100,000 × 100,000 declared",
        ),
        "bomb.tif": (
            tiff(
                [
                    (256, 4, 1, 1_000_000),
                    (257, 4, 1, 1_000_000),
                    (258, 3, 1, 8),
                    (259, 3, 1, 1),
                    (262, 3, 1, 1),
                    (273, 4, 1, 8),
                    (277, 3, 1, 1),
                ]
            ),
            "a million × a million declared",
        ),
        "canvas bomb.webp": (
            webp(b"VP8X", struct.pack("<I", 0) + b"\x5f\xea\x00" * 2),
            "60,000 × 60,000 declared",
        ),
        "lossless bomb.webp": (
            webp(b"VP8L", b"\x2f" + struct.pack("<I", 0x3FFF | 0x3FFF << 14) + bytes(16)),
            "16,384 × 16,384 declared",
        ),
        "bomb.avif": (bytes(avif), "60,000 × 60,000 declared"),
        "text bomb.png": (
            png(1, 1, b"\0\0", before=png_chunk(b"zTXt", text)),
            "64 MiB of compressed text",
        ),
        "profile bomb.png": (
            png(1, 1, b"\0\0", before=png_chunk(b"iCCP", profile)),
            "64 MiB of compressed colour profile",
        ),
        "thread.png": (png(60_000, 1, bytes(60_001)), "60,000 × 1 pixels"),
        "many segments.jpg": (
            b"\xff\xd8" + b"\xff\xfe\x00\x02" * 5000 + encode(scene(), "JPEG")[2:],
            "thousands of empty comments",
        ),
        "many scans.jpg": (_many_scans(), "a thousand progressive scans"),
        "many chunks.png": (
            png(1, 1, b"\0\0", before=png_chunk(b"prVt", b"") * 200_001),
            "hundreds of thousands of empty chunks",
        ),
        "many tiles.tif": (
            tiff([(256, 4, 1, 999), (257, 4, 1, 999), (324, 4, 1_000_000, 8)]),
            "a million tiles declared",
        ),
        "many comments.gif": (
            b"GIF89a\x01\x00\x01\x00\x00\x00\x00!\xfe" + b"\x01x" * 30_000 + b"\x00;",
            "thousands of comment blocks",
        ),
    }


def _many_scans() -> bytes:
    data = encode(scene(), "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * 1000 + b"\xff\xd9"


def _damaged() -> dict[str, tuple[bytes, str]]:
    sound = every_format()
    crc = bytearray(sound[".png"])
    crc[crc.index(b"IDAT") - 4 + 8 + 20] ^= 0xFF
    header_crc = bytearray(sound[".png"])
    header_crc[29] ^= 0xFF
    header = struct.pack(">IIBBBBB", W, H, 8, 2, 0, 0, 0)
    bad_zlib = (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", b"this is no zlib stream")
        + png_chunk(b"IEND", b"")
    )
    no_pixels = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IEND", b"")
    jpeg = sound[".jpg"]
    scan = jpeg.index(b"\xff\xda")
    webp_bad = bytearray(sound[".webp"])
    webp_bad[24:60] = b"\xff" * 36
    return {
        "pixel checksum.png": (bytes(crc), "corrupt data in IDAT"),
        "header checksum.png": (bytes(header_crc), "IHDR with a wrong checksum"),
        "bad zlib.png": (bad_zlib, "IDAT is no zlib stream"),
        "no pixels.png": (no_pixels, "no IDAT"),
        "zero wide.png": (png(0, 10, b""), "0 × 10 pixels"),
        "zero wide.jpg": (jpeg_with_size(0, 10), "0 × 10 pixels"),
        "only the signature.png": (b"\x89PNG\r\n\x1a\n", "nothing after the signature"),
        "headers only.jpg": (jpeg[:scan], "no scan"),
        "no frame.jpg": (b"\xff\xd8\xff\xda\x00\x02\xff\xd9", "no frame header"),
        "noise.jpg": (b"\xff\xd8\xff" + np.random.default_rng(1).bytes(2000), "noise"),
        "noise.webp": (bytes(webp_bad), "noise where pixels should be"),
        "loop.tif": (tiff([(254, 4, 1, 0)], next_ifd=8), "a directory that follows itself"),
        "no size.tif": (tiff([(259, 3, 1, 1)]), "no width and height"),
        "far offset.tif": (b"II*\x00\xff\xff\xff\x7f", "a directory beyond the end"),
        "big.tif": (b"II+\x00\x08\x00\x00\x00" + b"\xff" * 40, "BigTIFF of 0xFF"),
        "empty frame.gif": (b"GIF89a\x10\x00\x10\x00\x00\x00\x00;", "no frame"),
        "no pixels.bmp": (sound[".bmp"][:54], "a header and nothing else"),
        "odd depth.bmp": (
            b"BM"
            + struct.pack("<IHHI", 54, 0, 0, 54)
            + struct.pack("<IiiHHIIiiII", 40, 4, 4, 1, 77, 0, 0, 0, 0, 0, 0),
            "77 bits a pixel",
        ),
        "no boxes.avif": (b"\x00\x00\x00\x1cftypavif" + bytes(16), "no boxes after the brands"),
        "no boxes.heic": (b"\x00\x00\x00\x1cftypheic" + bytes(16), "no boxes after the brands"),
    }


def _strangers() -> dict[str, tuple[bytes, str]]:
    return {
        "zero bytes.jpg": (b"", "empty"),
        "zero bytes.png": (b"", "empty"),
        "one byte.jpg": (b"\xff", "one byte"),
        "two bytes.bmp": (b"BM", "two bytes"),
        "zeros.png": (bytes(4096), "nothing but zeros"),
        "letter.jpg": (b"Dear Sir, the picture is attached.\n" * 20, "text"),
        "page.png": (b"<!DOCTYPE html>\n<html><body>404</body></html>", "a web page"),
        "drawing.png": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        "drawing with prolog.jpg": (b'<?xml version="1.0"?>\n<svg/>', "SVG"),
        "document.jpg": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(100), "a PDF"),
        "layers.tif": (b"8BPS\x00\x01" + bytes(100), "a Photoshop file"),
        "vector.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript"),
        "binary vector.jpg": (b"\xc5\xd0\xd3\xc6" + bytes(100), "PostScript"),
        "icon.png": (encode(scene(16, 16), "ICO"), "an icon"),
        "sound.webp": (b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(40), "a sound file"),
        "film.heic": (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42" + bytes(40), "a film"),
        "animation.gif": (b"\x00" * 4 + b"\x11\xaf" + bytes(200), "a FLIC film"),
        "archive.png": (b"PK\x03\x04" + bytes(60), "an archive"),
        "later jpeg.jpg": (b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(40), "JPEG 2000"),
        "portable.bmp": (b"P6\n2 2\n255\n" + bytes(12), "PPM"),
        # Odd names with nothing good inside.
        "--help.jpg": (b"not a picture", "text"),
        "$(touch pwned); `id`.png": (b"not a picture", "text"),
        "two\nlines.jpg": (b"not a picture", "text"),
        os.fsdecode(b"latin-1 \xe9t\xe9.jpg"): (b"not a picture", "text"),
        "/".join(["deep"] * 60) + "/bottom.png": (b"not a picture", "text"),
    }


def write_broken(folder: Path) -> dict[str, str]:
    """Write regular files that must all fail to decode; returns why, by name."""
    files = {**_truncated(), **_bombs(), **_damaged(), **_strangers()}
    for name, (data, _) in files.items():
        write(folder, name, data)
    return {name: why for name, (_, why) in files.items()}


def write_special(folder: Path) -> dict[str, str]:
    """Write names that are no regular files; returns what each is.

    Reading the pipe would block for ever.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "folder.jpg").mkdir()
    (folder / "dangling.jpg").symlink_to("nowhere.jpg")
    (folder / "itself.jpg").symlink_to("itself.jpg")
    (folder / "up").symlink_to("..", target_is_directory=True)
    os.mkfifo(folder / "pipe.jpg")
    return {
        "folder.jpg": "an empty folder",
        "dangling.jpg": "a symbolic link to nothing",
        "itself.jpg": "a symbolic link to itself",
        "up": "a symbolic link to the folder above",
        "pipe.jpg": "a named pipe",
    }


def write_unreadable(folder: Path) -> dict[str, str]:
    """Write a file and a folder that may not be read, unless by root."""
    write(folder, "secret.jpg", every_format()[".jpg"])
    (folder / "secret.jpg").chmod(0)
    write(folder, "closed/inside.jpg", every_format()[".jpg"])
    (folder / "closed").chmod(0)
    return {"secret.jpg": "no permission to read", "closed": "no permission to enter"}
