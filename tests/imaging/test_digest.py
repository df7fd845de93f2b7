"""Digests of pixels: the same for every lossless file of a picture, others for other pixels."""

import hashlib
import io
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from lookalike.imaging import decode, pixels_digest


def file_of(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def digest(data: bytes) -> bytes:
    return pixels_digest(decode(data).image)


def test_lossless_files_of_a_picture_have_one(photos: Path) -> None:
    data = next(iter(sorted((photos / "animals").glob("*.jpg")))).read_bytes()
    own = digest(data)
    assert len(own) == 16
    with Image.open(io.BytesIO(data)) as image:
        exif = Image.Exif()
        exif[0x010E] = "another description"
        assert digest(file_of(image, "PNG")) == own
        assert digest(file_of(image, "PNG", exif=exif, compress_level=0)) == own
        assert digest(file_of(image, "WebP", lossless=True)) == own
        assert digest(file_of(image, "JPEG", quality=90)) != own
    note = b"\xff\xfe\x00\x0ba comment"
    assert digest(data[:2] + note + data[2:]) == own


def test_what_it_is_made_of() -> None:
    """Kept in collections, so it must not change: by hand, of two pixels."""
    image = Image.frombytes("RGB", (2, 1), b"\x00\x01\x02\xfd\xfe\xff")
    by_hand = hashlib.sha256(b"2x1:\x00\x01\x02\xfd\xfe\xff").digest()[:16]
    assert pixels_digest(image) == by_hand


def test_turned_by_exif_or_by_pixels(photos: Path) -> None:
    with Image.open(next(iter(sorted((photos / "animals").glob("*.jpg"))))) as image:
        turned = image.transpose(Image.Transpose.ROTATE_270)
        exif = Image.Exif()
        exif[0x0112] = 6
        assert digest(file_of(image, "PNG", exif=exif)) == digest(file_of(turned, "PNG"))


@given(arrays.arrays(np.uint8, (2, 6, 3)), st.integers(0, 35), st.integers(1, 255))
def test_every_pixel_counts_and_so_does_the_shape(
    pixels: np.ndarray, place: int, change: int
) -> None:
    own = pixels_digest(Image.fromarray(pixels))
    assert own != pixels_digest(Image.fromarray(pixels.reshape(3, 4, 3)))
    other = pixels.copy()
    other.reshape(-1)[place] ^= np.uint8(change)
    assert own != pixels_digest(Image.fromarray(other))


def test_decoding_says_whether_the_picture_is_whole(photos: Path) -> None:
    image = Image.effect_noise((640, 480), 40).convert("RGB")
    jpeg, png = file_of(image, "JPEG"), file_of(image, "PNG")
    assert decode(jpeg).whole
    assert decode(jpeg, min_side=400).whole
    assert not decode(jpeg, min_side=200).whole
    assert decode(png, min_side=20).whole
