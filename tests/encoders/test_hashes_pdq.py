"""PDQ has the bits and the quality of Meta's reference code, as the package pdqhash builds it."""

import numpy as np
import pdqhash
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from lookalike.encoders import registry

PDQ = registry.load("pdq")


def ours(*pictures: Image.Image) -> list[tuple[str, int]]:
    prepared = [PDQ.prepare(picture) for picture in pictures]
    hashes, qualities = PDQ.encode_prepared_with_quality(prepared)
    assert (hashes == PDQ.encode_images(pictures)).all()
    return [
        (row.tobytes().hex(), int(quality)) for row, quality in zip(hashes, qualities, strict=True)
    ]


def theirs(picture: Image.Image) -> tuple[str, int]:
    bits, quality = pdqhash.compute(np.asarray(picture))
    return np.packbits(bits).tobytes().hex(), quality


def small(picture: Image.Image) -> Image.Image:
    """No side above 512 pixels, where the reference program takes a picture as it is."""
    picture.thumbnail((512, 512))
    return picture


def test_bits_and_quality_on_photographs(photos):
    files = sorted(path for path in photos.rglob("*") if path.suffix in {".jpg", ".png", ".webp"})
    pictures = [small(Image.open(file).convert("RGB")) for file in files]
    assert ours(*pictures) == [theirs(picture) for picture in pictures]


def test_bits_and_quality_on_development_pictures(shared):
    for file in sorted((shared / "data" / "originals").glob("*.jpg"))[::3]:
        picture = small(Image.open(file).convert("RGB"))
        assert ours(picture) == [theirs(picture)]


@settings(deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(5, 150), st.integers(5, 150), st.just(3))))
def test_bits_and_quality_on_any_small_picture(pixels):
    picture = Image.fromarray(pixels)
    assert ours(picture) == [theirs(picture)]


@pytest.mark.parametrize("size", [(5, 5), (64, 64), (128, 128), (129, 500), (512, 512), (512, 7)])
@pytest.mark.parametrize("kind", ["black", "white", "#c81e09", "noise", "mirror"])
def test_bits_and_quality_on_pictures_of_little(size, kind):
    if kind in {"noise", "mirror"}:
        noise = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        picture = Image.fromarray(np.maximum(noise, noise[:, ::-1]) if kind == "mirror" else noise)
    else:
        picture = Image.new("RGB", size, kind)
    assert ours(picture) == [theirs(picture)]


@pytest.mark.parametrize("size", [(4, 4), (1, 1), (4, 500), (3000, 4)])
def test_too_small_a_picture_has_quality_0(size):
    (bits, quality), good = ours(Image.new("RGB", size, "red"), Image.radial_gradient("L"))
    assert quality == 0
    # Long pictures are stretched first, and then large enough.
    assert max(size) > 512 or bits == "0" * 64
    assert good == theirs(Image.radial_gradient("L").convert("RGB"))


def test_large_pictures_are_stretched_to_512_first():
    noise = np.random.default_rng(5).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    large = Image.fromarray(noise).resize((1600, 1200), Image.Resampling.BICUBIC)
    assert ours(large) == [theirs(large.resize((512, 512), Image.Resampling.BILINEAR))]
    # Within what Meta takes for the same picture, of the hash at full size.
    (full, _), ((stretched, _),) = theirs(large), ours(large)
    assert (int(full, 16) ^ int(stretched, 16)).bit_count() < 31


def test_no_pictures():
    hashes, qualities = PDQ.encode_prepared_with_quality([])
    assert hashes.shape == (0, 32)
    assert qualities.shape == (0,)
