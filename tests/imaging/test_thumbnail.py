import io

import numpy as np
import picture_bytes
import pytest
from PIL import Image

from lookalike.imaging import decode, thumbnail


@pytest.mark.parametrize(
    ("size", "side", "expected"),
    [
        ((1000, 500), 256, (256, 128)),
        ((500, 1000), 256, (128, 256)),
        ((100, 50), 256, (100, 50)),
        ((2000, 10), 100, (100, 1)),
        ((256, 256), 256, (256, 256)),
    ],
)
def test_the_longer_side_is_bounded_and_nothing_is_enlarged(
    size: tuple[int, int], side: int, expected: tuple[int, int]
) -> None:
    data = thumbnail(Image.new("RGB", size), side)
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "JPEG"
        assert image.size == expected


def test_it_looks_like_the_picture() -> None:
    small = decode(thumbnail(picture_bytes.scene(640, 480), 64)).image
    expected = picture_bytes.scene(640, 480).resize((64, 48), Image.Resampling.BOX)
    assert np.abs(np.asarray(small, np.int16) - np.asarray(expected, np.int16)).mean() < 6


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "I", "F"])
def test_every_mode_becomes_a_jpeg(mode: str) -> None:
    grey = picture_bytes.scene().convert("L")
    image = grey.convert(mode) if mode != "I;16" else grey.convert("I").convert("I;16")
    assert decode(thumbnail(image, 32)).image.size == (32, 24)
