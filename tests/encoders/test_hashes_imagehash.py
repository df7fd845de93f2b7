"""pHash, dHash, aHash and wHash have the bits of ImageHash."""

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from lookalike.encoders import card as cards
from lookalike.encoders import registry
from lookalike.encoders.hashes.encoder import make
from lookalike.errors import UsageError, WeightsError
from lookalike.imaging import decode

REFERENCES = {
    "ahash": imagehash.average_hash,
    "dhash": imagehash.dhash,
    "phash": imagehash.phash,
    "whash": imagehash.whash,
}
ALL = pytest.mark.parametrize("name", sorted(REFERENCES))


def ours(name: str, *pictures: Image.Image) -> list[str]:
    return [row.tobytes().hex() for row in registry.load(name).encode_images(pictures)]


def theirs(name: str, *pictures: Image.Image) -> list[str]:
    return [str(REFERENCES[name](picture)) for picture in pictures]


@ALL
def test_bits_on_photographs(name, photos):
    files = sorted(path for path in photos.rglob("*") if path.suffix in {".jpg", ".png", ".webp"})
    assert len(files) > 50
    pictures = [Image.open(file).convert("RGB") for file in files]
    assert ours(name, *pictures) == theirs(name, *pictures)


def test_bits_on_development_pictures(shared):
    files = sorted((shared / "data").rglob("*.jpg"))[::3]
    for start in range(0, len(files), 50):
        pictures = [Image.open(file).convert("RGB") for file in files[start : start + 50]]
        for name in REFERENCES:
            assert ours(name, *pictures) == theirs(name, *pictures)


@ALL
@pytest.mark.parametrize("size", [(1, 1), (8, 8), (32, 32), (31, 33), (640, 480), (3, 500)])
@pytest.mark.parametrize("colour", ["black", "white", "#010203", "#c81e09", "#808080"])
def test_bits_on_flat_pictures(name, size, colour):
    picture = Image.new("RGB", size, colour)
    assert ours(name, picture) == theirs(name, picture)


@ALL
def test_bits_on_long_pictures(name):
    rng = np.random.default_rng(0)
    for shape in [(3, 4000, 3), (4000, 3, 3), (1, 70, 3), (700, 40, 3)]:
        picture = Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8))
        assert ours(name, picture) == theirs(name, picture)


@ALL
def test_bits_on_pictures_that_were_transparent(name, tmp_path):
    layer = Image.radial_gradient("L").resize((90, 70))
    picture = Image.merge("RGBA", [layer, layer.rotate(90), layer.rotate(180), layer])
    picture.save(tmp_path / "a.png")
    flattened = decode((tmp_path / "a.png").read_bytes()).image
    assert ours(name, flattened) == theirs(name, flattened)


SHAPES = st.tuples(st.integers(1, 70), st.integers(1, 70), st.just(3))


@settings(deadline=None)
@given(arrays(np.uint8, SHAPES))
def test_bits_on_any_small_picture(pixels):
    picture = Image.fromarray(pixels)
    for name in REFERENCES:
        assert ours(name, picture) == theirs(name, picture)


@settings(deadline=None)
@given(arrays(np.uint8, (32, 32)), st.sampled_from(["mirror", "stripes", "turned", "two", "steps"]))
def test_bits_where_rounding_decides(grey, kind):
    """Symmetric pictures, whose coefficients are equal or zero but for the last place."""
    grey = {
        "mirror": grey // 2 + grey[:, ::-1] // 2,
        "stripes": np.repeat(grey[:, :1], 32, axis=1),
        "turned": np.maximum(grey, grey[::-1, ::-1]),
        "two": np.where(grey > 128, 255, 0).astype(np.uint8),
        "steps": np.repeat(np.arange(0, 256, 8, dtype=np.uint8)[None], 32, axis=0),
    }[kind]
    picture = Image.fromarray(grey).convert("RGB")
    for name in REFERENCES:
        assert ours(name, picture) == theirs(name, picture)


@pytest.mark.parametrize("side", [64, 256])
def test_wavelets_step_by_step_where_rounding_decides(side):
    """Large mirrored pictures: the two middle coefficients of wHash are equal."""
    for seed in range(8):
        half = np.random.default_rng(seed).integers(0, 256, (side, side // 2), dtype=np.uint8)
        picture = Image.fromarray(np.hstack([half, half[:, ::-1]])).convert("RGB")
        assert ours("whash", picture) == theirs("whash", picture)


@pytest.mark.parametrize("name", [*sorted(REFERENCES), "pdq"])
def test_shapes_and_no_words(name):
    encoder = registry.load(name)
    length = encoder.spec.size // 8
    assert encoder.encode_images([]).shape == (0, length)
    two = encoder.encode_images([Image.new("RGB", (9, 9)), Image.new("RGB", (700, 9))])
    assert two.dtype == np.uint8
    assert two.shape == (2, length)
    assert not encoder.has_text
    with pytest.raises(UsageError, match=r"reads no words.*clip-vit-b-16"):
        encoder.encode_texts(["a cat"])


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('algorithm = "ahash"', 'algorithm = "xhash"', "ahash, dhash, pdq, phash, whash"),
        ("size = 64", "size = 32", "says 32 bits, and ahash has 64"),
    ],
)
def test_a_card_of_an_algorithm_that_is_not_there(old, new, why):
    text = cards.find()["ahash"].read_text()
    assert old in text
    with pytest.raises(WeightsError, match=why):
        make(cards.parse(text.replace(old, new), "ahash"))
