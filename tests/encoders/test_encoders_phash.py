import imagehash
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from lookalike.encoders import registry
from lookalike.errors import UsageError

PHASH = registry.load("phash")


def ours(*pictures: Image.Image) -> list[str]:
    return [row.tobytes().hex() for row in PHASH.encode_images(pictures)]


def test_bits_are_imagehashs_on_photographs(photos):
    files = sorted(path for path in photos.rglob("*") if path.suffix in {".jpg", ".png", ".webp"})
    assert len(files) > 50
    for file in files:
        with Image.open(file) as image:
            picture = image.convert("RGB")
        assert ours(picture) == [str(imagehash.phash(picture))], file


def test_bits_are_imagehashs_on_all_development_pictures(shared):
    files = sorted((shared / "data").rglob("*.jpg"))
    for start in range(0, len(files), 50):
        pictures = [Image.open(file).convert("RGB") for file in files[start : start + 50]]
        assert ours(*pictures) == [str(imagehash.phash(picture)) for picture in pictures]


@pytest.mark.parametrize("size", [(1, 1), (32, 32), (31, 33), (640, 480), (3, 500)])
@pytest.mark.parametrize("colour", ["black", "white", "#010203", "#c81e09", "#808080"])
def test_bits_are_imagehashs_on_flat_pictures(size, colour):
    picture = Image.new("RGB", size, colour)
    assert ours(picture) == [str(imagehash.phash(picture))]


SHAPES = st.tuples(st.integers(1, 70), st.integers(1, 70), st.just(3))


@given(arrays(np.uint8, SHAPES))
def test_bits_are_imagehashs_on_any_small_picture(pixels):
    picture = Image.fromarray(pixels)
    assert ours(picture) == [str(imagehash.phash(picture))]


@given(arrays(np.uint8, (32, 32)), st.sampled_from(["mirror", "stripes", "turned", "two", "steps"]))
def test_bits_are_imagehashs_where_rounding_decides(grey, kind):
    """Symmetric pictures, whose coefficients are zero but for the last place."""
    grey = {
        "mirror": grey // 2 + grey[:, ::-1] // 2,
        "stripes": np.repeat(grey[:, :1], 32, axis=1),
        "turned": np.maximum(grey, grey[::-1, ::-1]),
        "two": np.where(grey > 128, 255, 0).astype(np.uint8),
        "steps": np.repeat(np.arange(0, 256, 8, dtype=np.uint8)[None], 32, axis=0),
    }[kind]
    picture = Image.fromarray(grey).convert("RGB")
    assert ours(picture) == [str(imagehash.phash(picture))]


def test_shapes():
    assert PHASH.encode_images([]).shape == (0, 8)
    assert PHASH.prepare(Image.new("RGB", (100, 50))).shape == (32, 32)
    assert PHASH.encode_images([Image.new("RGB", (9, 9))]).dtype == np.uint8
    assert PHASH.spec.size == 64


def test_reads_no_words():
    with pytest.raises(UsageError, match=r"reads no words.*clip-vit-b-16"):
        PHASH.encode_texts(["a cat"])
