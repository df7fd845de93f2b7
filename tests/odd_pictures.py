"""Writes odd but sound pictures: every one must decode, to the size given."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
from picture_bytes import H, W, encode, every_format, exif_orientation, png, png_chunk, scene, write
from PIL import Image, ImageCms


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
        "with profile.jpg": encode(image, "JPEG", icc_profile=srgb_profile()),
        "cmyk with wrong profile.jpg": encode(
            image.convert("CMYK"), "JPEG", icc_profile=srgb_profile()
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


def srgb_profile() -> bytes:
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
        write(folder, name, data)
    return sizes
