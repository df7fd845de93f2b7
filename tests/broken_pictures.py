"""Writes pictures that are broken, hostile or merely odd, made from scratch with Pillow.

Four kinds, each in a folder of its own:

- `write_broken`: regular files with a picture's suffix; every one must fail to decode;
- `write_good`: odd but sound pictures; every one must decode to the size given;
- `write_special`: names that are no regular files; they must be passed over, and never block;
- `write_unreadable`: files whose permissions forbid reading (root reads them all the same).

Names are relative to the folder and may hold "/"; a name that is not valid UTF-8 is given as
`os.fsdecode` gives it.
"""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageDraw

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


# --- PNG and others by hand -------------------------------------------------------------------


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


# --- what is broken ---------------------------------------------------------------------------


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
        _write(folder, name, data)
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
    _write(folder, "secret.jpg", every_format()[".jpg"])
    (folder / "secret.jpg").chmod(0)
    _write(folder, "closed/inside.jpg", every_format()[".jpg"])
    (folder / "closed").chmod(0)
    return {"secret.jpg": "no permission to read", "closed": "no permission to enter"}


# --- what is odd and yet good -----------------------------------------------------------------


def _modes() -> dict[str, bytes]:
    image = scene()
    grey = image.convert("L")
    alpha = image.copy()
    alpha.putalpha(grey)
    deep = np.asarray(grey).astype(np.uint16) * 257
    palette_alpha = alpha.quantize(32, method=Image.Quantize.FASTOCTREE)
    wide = Image.fromarray(np.asarray(grey).astype(np.float32) / 255.0)
    integers = Image.fromarray(np.asarray(grey).astype(np.int32) * 1000 - 5000)
    return {
        "grey.jpg": encode(grey, "JPEG"),
        "cmyk.jpg": encode(image.convert("CMYK"), "JPEG"),
        "ycbcr.jpg": encode(image.convert("YCbCr"), "JPEG"),
        "progressive.jpg": encode(image, "JPEG", progressive=True),
        "with profile.jpg": encode(image, "JPEG", icc_profile=_srgb_profile()),
        "cmyk with wrong profile.jpg": encode(
            image.convert("CMYK"), "JPEG", icc_profile=_srgb_profile()
        ),
        "broken exif.jpg": encode(image, "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff"),
        "one bit.png": encode(grey.convert("1"), "PNG"),
        "palette.png": encode(image.quantize(16), "PNG"),
        "palette and alpha.png": encode(palette_alpha, "PNG"),
        "palette and one clear colour.png": encode(image.quantize(16), "PNG", transparency=3),
        "grey and alpha.png": encode(alpha.convert("LA"), "PNG"),
        "grey and one clear level.png": encode(grey, "PNG", transparency=128),
        "one clear colour.png": encode(image, "PNG", transparency=(255, 0, 0)),
        "alpha.png": encode(alpha, "PNG"),
        "16 bit grey.png": encode(Image.fromarray(deep), "PNG"),
        "16 bit colour.png": png(
            2, 2, (b"\x00" + b"\xff\xff\x80\x00\x00\x00" * 2) * 2, depth=16, colour=2
        ),
        "interlaced.png": _interlaced(),
        "animated.png": encode(image, "PNG", save_all=True, append_images=[grey.convert("RGB")]),
        "alpha.webp": encode(alpha, "WEBP"),
        "lossless.webp": encode(image, "WEBP", lossless=True),
        "animated.webp": encode(
            image, "WEBP", save_all=True, append_images=[image.rotate(180)], duration=100
        ),
        "alpha.avif": encode(alpha, "AVIF"),
        "one clear colour.gif": encode(image.quantize(16), "GIF", transparency=2),
        "palette.bmp": encode(image.quantize(16), "BMP"),
        "grey.bmp": encode(grey, "BMP"),
        "one bit.bmp": encode(grey.convert("1"), "BMP"),
        "cmyk.tif": encode(image.convert("CMYK"), "TIFF"),
        "lab.tif": encode(_lab(image), "TIFF"),
        "ycbcr.tif": encode(image.convert("YCbCr"), "TIFF"),
        "jpeg inside.tif": encode(image, "TIFF", compression="jpeg"),
        "fax.tif": encode(grey.convert("1"), "TIFF", compression="group4"),
        "16 bit grey.tif": encode(Image.fromarray(deep), "TIFF"),
        "32 bit grey.tif": encode(integers, "TIFF"),
        "real grey.tif": encode(wide, "TIFF"),
        "alpha.tif": encode(alpha, "TIFF"),
        "palette.tif": encode(image.quantize(16), "TIFF"),
        "pages.tif": encode(image, "TIFF", save_all=True, append_images=[scene(10, 10)]),
    }


def _srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _lab(image: Image.Image) -> Image.Image:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB")
    assert converted is not None
    return converted


def _interlaced() -> bytes:
    """A 2 × 2 Adam7 PNG, which Pillow reads but does not write; passes 1, 6 and 7 hold pixels."""
    header = struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 1)
    passes = b"\x00\x10" + b"\x00\x20" + b"\x00\x30\x40"
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(passes))
        + png_chunk(b"IEND", b"")
    )


def _scarred() -> dict[str, bytes]:
    """Files with damage that costs the first picture nothing, or only its looks."""
    sound = every_format()
    jpeg = bytearray(encode(scene(256, 192), "JPEG", quality=95))
    middle = len(jpeg) // 2
    jpeg[middle : middle + 40] = b"\x55" * 40
    gif = bytearray(sound[".gif"])
    del gif[gif.rindex(b"!\xf9\x04") + 30 :]
    return {
        "scar.jpg": bytes(jpeg),
        "trailing noise.jpg": sound[".jpg"] + b"\xff\xda noise \xff\xd9" * 500,
        "broken second frame.gif": bytes(gif),
    }


def _odd_names() -> dict[str, bytes]:
    sound = every_format()
    jpeg = sound[".jpg"]
    return {
        "really a png.jpg": sound[".png"],
        "really a jpeg.png": jpeg,
        "really a webp.gif": sound[".webp"],
        "UPPER CASE.JPG": jpeg,
        " spaces around .jpg": jpeg,
        "two good\nlines.jpg": jpeg,
        "-rf.jpg": jpeg,
        "--version.png": jpeg,
        "quotes ' and \".jpg": jpeg,
        "$HOME; rm -rf `x` & | > < * ?.jpg": jpeg,
        "percent %20 %41.jpg": jpeg,
        "#hash?query=1.jpg": jpeg,
        "back\\slash.jpg": jpeg,
        "tab\tand\x1b[31mescape.jpg": jpeg,
        "grinning 😀 猫.jpg": jpeg,
        "e\u0301 decomposed.jpg": jpeg,
        "\u202egpj.right to left.jpg": jpeg,
        "n" * 251 + ".jpg": jpeg,
        "dots...jpg": jpeg,
        "/".join(["deep"] * 60) + "/good bottom.jpg": jpeg,
        os.fsdecode(b"good latin-1 \xe9t\xe9.jpg"): jpeg,
    }


def write_good(folder: Path) -> dict[str, tuple[int, int]]:
    """Write odd but sound pictures; returns the upright (width, height) of each, by name."""
    files = {f"plain{suffix}": data for suffix, data in every_format().items()}
    files |= {**_modes(), **_scarred(), **_odd_names()}
    sizes = dict.fromkeys(files, (W, H))
    sizes |= {"interlaced.png": (2, 2), "16 bit colour.png": (2, 2), "scar.jpg": (256, 192)}
    for value in range(1, 9):
        # Every format that carries an orientation; the size given is the upright one.
        for suffix, format_ in ((".jpg", "JPEG"), (".png", "PNG"), (".webp", "WEBP")):
            name = f"orientation {value}{suffix}"
            files[name] = encode(scene(), format_, exif=exif_orientation(value))
            sizes[name] = (H, W) if value >= 5 else (W, H)
        for suffix, format_ in ((".tif", "TIFF"), (".avif", "AVIF")):
            name = f"orientation {value}{suffix}"
            exif = Image.Exif()
            exif[0x0112] = value
            files[name] = encode(scene(), format_, exif=exif)
            sizes[name] = (H, W) if value >= 5 else (W, H)
    for name, data in files.items():
        _write(folder, name, data)
    return sizes


def _write(folder: Path, name: str, data: bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
