import io
from pathlib import Path

import numpy as np
import picture_bytes
import pytest
from PIL import Image, ImageOps

from lookalike.imaging import decode

FORMATS = {"JPEG": {"quality": 95}, "PNG": {}, "WEBP": {"lossless": True}, "TIFF": {}}


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("format_", FORMATS)
def test_every_orientation_is_turned_upright(format_: str, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    data = picture_bytes.encode(picture_bytes.scene(), format_, exif=exif, **FORMATS[format_])
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    picture = decode(data)
    assert (picture.width, picture.height) == expected.size
    assert picture.image.tobytes() == expected.tobytes()


@pytest.mark.parametrize("value", range(1, 9))
def test_avif_is_turned_by_its_own_boxes(value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    scene = picture_bytes.scene()
    picture = decode(picture_bytes.encode(scene, "AVIF", quality=95, exif=exif))
    scene.getexif()[0x0112] = value
    expected = ImageOps.exif_transpose(scene)
    difference = np.asarray(picture.image, np.int16) - np.asarray(expected, np.int16)
    assert np.abs(difference).mean() < 6


def test_the_red_corner_ends_up_where_the_camera_saw_it() -> None:
    # Orientation 6: the camera was turned, the picture's top is at the right of what is stored.
    exif = picture_bytes.exif_orientation(6)
    picture = decode(picture_bytes.encode(picture_bytes.scene(), "PNG", exif=exif))
    assert picture.image.size == (48, 64)
    assert picture.image.getpixel((45, 2)) == (255, 0, 0)


@pytest.mark.parametrize("value", [0, 9, 99, 65535])
def test_an_orientation_that_does_not_exist_is_upright(value: int) -> None:
    data = picture_bytes.encode(
        picture_bytes.scene(), "PNG", exif=picture_bytes.exif_orientation(value)
    )
    assert decode(data).image.tobytes() == picture_bytes.scene().tobytes()


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\x00\x00",
        b"Exif\x00\x00II*\x00\xff\xff\xff\xff",
        b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff" + b"\xff" * 100,
        b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x02\x00\xff\xff\xff\x00\x00\x00\x00",
        b"Exif\x00\x00" + bytes(range(200)),
    ],
)
def test_broken_exif_does_not_matter(exif: bytes, tmp_path: Path) -> None:
    for format_ in ("JPEG", "PNG", "WEBP"):
        data = picture_bytes.encode(picture_bytes.scene(), format_, exif=exif)
        picture = decode(data, min_side=10)
        assert (picture.width, picture.height) == (64, 48)
