"""PDQ has the bits and the quality of Meta's reference code, as the package pdqhash builds it.

That package needs a C++ compiler on Linux. Where it is absent, what it gave for a few pictures is
compared all the same.
"""

import hashlib
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from lookalike.encoders import registry

PDQ = registry.load("pdq")

needs_peer = pytest.mark.skipif(
    find_spec("pdqhash") is None, reason="pdqhash is not installed; it may need a C++ compiler"
)

THEIRS = {
    "black": ("17ded6e69bc62c71", [0, 0, 0, 0, 0, 0, 0, 0]),
    "white": ("db761f37ee30bac8", [0, 0, 0, 0, 0, 0, 0, 0]),
    "#c81e09": ("45300cfcd3f38cab", [0, 0, 0, 0, 0, 0, 0, 0]),
    "noise": ("45e9567ad0625973", [100, 100, 100, 100, 100, 100, 100, 100]),
    "mirror": ("d06aad85ab4d3c6b", [100, 100, 100, 100, 100, 100, 100, 100]),
    "slope": ("353cb9756f236584", [0, 87, 0, 100, 100, 100, 100, 100]),
}
"""SHA-256 of the hashes and the qualities that pdqhash 0.2.8 gave for each kind at all `SIZES`."""

SIZES = [(5, 5), (7, 300), (64, 64), (128, 128), (129, 500), (320, 240), (511, 512), (512, 512)]


def ours(*pictures: Image.Image) -> list[tuple[str, int]]:
    prepared = [PDQ.prepare(picture) for picture in pictures]
    hashes, qualities = PDQ.encode_prepared_with_quality(prepared)
    assert (hashes == PDQ.encode_images(pictures)).all()
    return [
        (row.tobytes().hex(), int(quality)) for row, quality in zip(hashes, qualities, strict=True)
    ]


def theirs(picture: Image.Image) -> tuple[str, int]:
    import pdqhash

    bits, quality = pdqhash.compute(np.asarray(picture))
    return np.packbits(bits).tobytes().hex(), quality


def small(picture: Image.Image) -> Image.Image:
    """No side above 512 pixels, where the reference program takes a picture as it is."""
    picture.thumbnail((512, 512))
    return picture


@needs_peer
def test_bits_and_quality_on_photographs(photos):
    files = sorted(path for path in photos.rglob("*") if path.suffix in {".jpg", ".png", ".webp"})
    pictures = [small(Image.open(file).convert("RGB")) for file in files]
    assert ours(*pictures) == [theirs(picture) for picture in pictures]


@needs_peer
def test_bits_and_quality_on_development_pictures(shared):
    for file in sorted((shared / "data" / "originals").glob("*.jpg"))[::3]:
        picture = small(Image.open(file).convert("RGB"))
        assert ours(picture) == [theirs(picture)]


@needs_peer
@settings(deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(5, 150), st.integers(5, 150), st.just(3))))
def test_bits_and_quality_on_any_small_picture(pixels):
    picture = Image.fromarray(pixels)
    assert ours(picture) == [theirs(picture)]


def made_up(size: tuple[int, int], kind: str) -> Image.Image:
    """The same always: drawn by NumPy's generators, whose streams do not change."""
    noise = np.random.Generator(np.random.PCG64(3)).integers(
        0, 256, (size[1], size[0], 3), np.uint8
    )
    match kind:
        case "noise":
            return Image.fromarray(noise)
        case "mirror":
            return Image.fromarray(np.maximum(noise, noise[:, ::-1]))
        case "slope":
            x, y = np.arange(size[0])[None, :], np.arange(size[1])[:, None]
            planes = [(x * 3 + y * 5) // 4 % 256, (x * y) // 32 % 256, (x + y * y // 64) % 256]
            return Image.fromarray(np.stack(planes, axis=2).astype(np.uint8))
    return Image.new("RGB", size, kind)


def summary(found: list[tuple[str, int]]) -> tuple[str, list[int]]:
    digits = "".join(bits for bits, _ in found)
    return hashlib.sha256(digits.encode()).hexdigest()[:16], [quality for _, quality in found]


@pytest.mark.parametrize("kind", THEIRS)
def test_bits_and_quality_that_the_reference_gave(kind):
    assert summary(ours(*(made_up(size, kind) for size in SIZES))) == THEIRS[kind]


@needs_peer
@pytest.mark.parametrize("kind", THEIRS)
def test_what_the_reference_gives_is_what_it_gave(kind):
    assert summary([theirs(made_up(size, kind)) for size in SIZES]) == THEIRS[kind]


@pytest.mark.parametrize("size", [(4, 4), (1, 1), (4, 500), (3000, 4)])
def test_too_small_a_picture_has_quality_0(size):
    (bits, quality), good = ours(Image.new("RGB", size, "red"), Image.radial_gradient("L"))
    assert quality == 0
    # Long pictures are stretched first, and then large enough.
    assert max(size) > 512 or bits == "0" * 64
    assert good == ours(Image.radial_gradient("L").convert("RGB"))[0]
    assert good[1] > 0


@needs_peer
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
