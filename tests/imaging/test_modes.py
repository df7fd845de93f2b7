import struct

import numpy as np
import odd_pictures
import picture_bytes
import pytest
from picture_bytes import encode, png, png_chunk
from PIL import Image

from lookalike.imaging import decode
from lookalike.imaging.modes import to_rgb


def grey_of(data: bytes) -> list[list[int]]:
    image = np.asarray(decode(data).image)
    assert (image[..., 0] == image[..., 1]).all()
    assert (image[..., 0] == image[..., 2]).all()
    return image[..., 0].tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "TIFF"])
def test_alpha_goes_on_white(format_: str) -> None:
    pixels = [(200, 100, 0, 0), (200, 100, 0, 255), (200, 100, 0, 51)]
    image = Image.new("RGBA", (3, 1))
    image.putdata(pixels)
    options = {"lossless": True, "exact": True} if format_ == "WEBP" else {}
    decoded = np.asarray(decode(encode(image, format_, **options)).image).tolist()
    expected = [[[255, 255, 255], [200, 100, 0], [244, 224, 204]]]
    assert np.abs(np.array(decoded) - expected).max() <= 1


def test_grey_with_alpha_goes_on_white() -> None:
    image = Image.new("LA", (3, 1))
    image.putdata([(0, 0), (0, 255), (0, 51)])
    assert grey_of(encode(image, "PNG")) == [[255, 0, 204]]


def test_an_opaque_alpha_changes_nothing() -> None:
    scene = picture_bytes.scene()
    assert to_rgb(scene.convert("RGBA")).tobytes() == scene.tobytes()


@pytest.mark.parametrize("transparency", [1, b"\xff\x00\xff"])
def test_a_palettes_transparency_goes_on_white(transparency: int | bytes) -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([10, 10, 10, 20, 20, 20, 30, 30, 30])
    image.putdata([0, 1, 2])
    assert grey_of(encode(image, "PNG", transparency=transparency)) == [[10, 255, 30]]


def test_one_transparent_colour_goes_on_white() -> None:
    grey = Image.new("L", (2, 1))
    grey.putdata([7, 8])
    assert grey_of(encode(grey, "PNG", transparency=8)) == [[7, 255]]
    assert grey_of(encode(grey.convert("RGB"), "PNG", transparency=(8, 8, 8))) == [[7, 255]]


def test_one_bit_is_black_and_white() -> None:
    image = Image.new("1", (3, 1))
    image.putdata([0, 255, 0])
    assert grey_of(encode(image, "PNG")) == [[0, 255, 0]]
    assert grey_of(encode(image, "TIFF", compression="group4")) == [[0, 255, 0]]


def test_16_bit_grey_is_scaled_and_not_clipped() -> None:
    ramp = np.array([[0, 257, 32768, 65278, 65535]], np.uint16)
    for format_ in ("PNG", "TIFF"):
        assert grey_of(encode(Image.fromarray(ramp), format_)) == [[0, 1, 128, 254, 255]]


def test_16_bit_grey_with_one_transparent_level_decodes() -> None:
    data = png(
        2,
        1,
        b"\x00\x00\x00\xff\xff",
        depth=16,
        before=png_chunk(b"tRNS", b"\x00\x00"),
    )
    assert grey_of(data) == [[0, 255]]


def test_16_bit_colour_with_one_transparent_colour_decodes() -> None:
    data = png(
        1,
        1,
        b"\x00" + b"\x80\x00" * 3,
        depth=16,
        colour=2,
        before=png_chunk(b"tRNS", b"\xff\xff" * 3),
    )
    assert grey_of(data) == [[128]]


def test_12_bit_grey_is_white_at_4095() -> None:
    # Two pixels in three bytes: 0x000 and 0xfff.
    entries = [
        (256, 3, 1, 2),
        (257, 3, 1, 1),
        (258, 3, 1, 12),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8 + 2 + 9 * 12 + 4),
        (277, 3, 1, 1),
        (278, 3, 1, 1),
        (279, 4, 1, 3),
    ]
    assert grey_of(picture_bytes.tiff(entries) + b"\x00\x0f\xff") == [[0, 255]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 100.0, 255.0], [0, 100, 255]),
        ([0.0, 257.0, 65535.0], [0, 1, 255]),
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([0.0, 400_000.0, 1_000_000.0], [0, 102, 255]),
        ([0.0, np.nan, np.inf], [0, 0, 255]),
        ([np.nan, np.nan, np.nan], [0, 0, 0]),
        ([-5.0, -5.0, -5.0], [0, 0, 0]),
        ([0.25, 0.25, 0.25], [64, 64, 64]),
    ],
)
def test_real_grey_is_scaled(values: list[float], expected: list[int]) -> None:
    image = Image.fromarray(np.array([values], np.float32))
    assert grey_of(encode(image, "TIFF")) == [expected]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 100, 255], [0, 100, 255]),
        ([0, 257, 65535], [0, 1, 255]),
        ([-100, 0, 100], [0, 128, 255]),
        ([-(2**31), 0, 2**31 - 1], [0, 128, 255]),
    ],
)
def test_32_bit_grey_is_scaled(values: list[int], expected: list[int]) -> None:
    image = Image.fromarray(np.array([values], np.int32))
    assert grey_of(encode(image, "TIFF")) == [expected]


def test_cmyk_is_not_inverted() -> None:
    inks = Image.new("CMYK", (32, 16), (0, 0, 0, 0))
    assert decode(encode(inks, "JPEG")).image.getpixel((3, 3)) == (255, 255, 255)
    inks = Image.new("CMYK", (32, 16), (0, 255, 255, 0))
    red = decode(encode(inks, "JPEG", quality=100)).image.getpixel((3, 3))
    assert np.abs(np.subtract(red, (255, 0, 0))).max() <= 3


def test_cmyk_is_converted_through_its_profile() -> None:
    # The profile holds that no ink is green paper, which the plain formula cannot know.
    inks = Image.new("CMYK", (32, 16), (0, 0, 0, 0))
    data = encode(inks, "JPEG", icc_profile=cmyk_profile(paper=(180, 40, 190)))
    picture = decode(data)
    red, green, blue = picture.image.getpixel((3, 3))
    assert green > 150
    assert red < 100
    assert blue < 100
    assert picture.image.info == {}


def cmyk_profile(paper: tuple[int, int, int]) -> bytes:
    """A CMYK output profile (ICC.1) of two grid points an ink: all black but the bare paper.

    `paper` is its colour as Lab in 8 bits each, with a and b centred at 128.
    """
    steps = bytes(range(256))
    grid = bytes(paper) + bytes((0, 128, 128)) * 15
    matrix = struct.pack(">9i", *(65536 * (i % 4 == 0) for i in range(9)))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix + steps * 4 + grid + steps * 3
    table += bytes(-len(table) % 4)
    description = b"desc" + bytes(4) + struct.pack(">I", 2) + b"x\x00" + bytes(8 + 3 + 67)
    description += bytes(-len(description) % 4)
    at = 128 + 4 + 2 * 12
    tags = struct.pack(">I", 2)
    tags += b"desc" + struct.pack(">II", at, len(description))
    tags += b"A2B0" + struct.pack(">II", at + len(description), len(table))
    body = tags + description + table
    header = struct.pack(">I", 128 + len(body)) + bytes(4) + bytes((2, 0x20, 0, 0))
    header += b"prtr" + b"CMYK" + b"Lab " + bytes(12) + b"acsp" + bytes(28)
    header += struct.pack(">3i", 63190, 65536, 54061)
    return header + bytes(128 - len(header)) + body


def test_an_rgb_profile_is_kept_for_thumbnails_and_not_applied() -> None:
    profile = odd_pictures.srgb_profile()
    scene = picture_bytes.scene()
    picture = decode(encode(scene, "PNG", icc_profile=profile))
    assert picture.image.info == {"icc_profile": profile}
    assert picture.image.tobytes() == scene.tobytes()
