"""Pictures without their borders, as they are fingerprinted beside the whole."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from lookalike.imaging import trim_borders, trimmed
from lookalike.imaging.borders import content_box, may_have_borders

COLOURS = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "grey": (128, 130, 126),
    "coloured": (200, 30, 60),
}


@pytest.fixture
def photo(photos: Path) -> Image.Image:
    with Image.open(photos / "animals" / "canyon-wren.jpg") as image:
        return image.convert("RGB")


@pytest.mark.parametrize("name", COLOURS)
def test_borders_of_any_colour_are_cut_and_named(photo: Image.Image, name: str) -> None:
    framed = ImageOps.expand(photo, 30, COLOURS[name])
    found = trimmed(framed)
    assert found is not None
    assert found.border == name
    assert np.array_equal(found.image, photo)


@pytest.mark.parametrize(("edges", "name"), [((0, 40, 0, 40), "black"), ((25, 0, 0, 0), "white")])
def test_some_sides_alone(photo: Image.Image, edges: tuple[int, int, int, int], name: str) -> None:
    found = trimmed(ImageOps.expand(photo, edges, COLOURS[name]))
    assert found is not None
    assert (found.image.size, found.border) == (photo.size, name)


def test_a_white_frame_around_a_letterbox(photo: Image.Image) -> None:
    letterbox = ImageOps.expand(photo, (0, 30, 0, 30), "black")
    black = trimmed(letterbox)
    assert black is not None
    assert black.image.size == photo.size
    white = trimmed(ImageOps.expand(letterbox, 20, "white"))
    assert white is not None
    assert white.border == "white"


def test_pictures_without_borders_are_left_alone(photo: Image.Image) -> None:
    assert trimmed(photo) is None
    assert trimmed(Image.new("RGB", (300, 200), "black")) is None
    assert trimmed(Image.new("RGB", (300, 200), "white")) is None
    night = Image.new("RGB", (300, 200), "black")
    night.paste((250, 240, 200), (140, 90, 150, 100))
    assert trimmed(night) is None


def test_few_photographs_are_taken_for_framed(photos: Path) -> None:
    cut = []
    for kind in ("animals", "flowers", "nature", "people"):
        for path in sorted((photos / kind).glob("*.jpg")):
            with Image.open(path) as image:
                picture = image.convert("RGB")
            found = trimmed(picture)
            whole = picture.width * picture.height
            if found is not None and found.image.width * found.image.height < 0.9 * whole:
                cut.append(path.name)
    assert cut == []


@given(
    st.integers(0, 2**32 - 1),
    st.tuples(*[st.integers(0, 6)] * 4),
    st.tuples(*[st.integers(0, 255)] * 3),
    st.integers(0, 12),
)
def test_the_quick_look_never_misses_a_border(
    seed: int, edges: tuple[int, int, int, int], colour: tuple[int, int, int], noise: int
) -> None:
    random = np.random.default_rng(seed)
    height, width = random.integers(18, 50, 2)
    left, top, right, bottom = edges
    pixels = np.array(colour) + random.integers(-noise, noise + 1, (height, width, 3))
    pixels = np.clip(pixels, 0, 255).astype(np.uint8)
    inside = (slice(top, height - bottom), slice(left, width - right))
    pixels[inside] = random.integers(0, 256, pixels[inside].shape)
    picture = Image.fromarray(pixels)
    whole = (0, 0, width, height)
    if not may_have_borders(picture):
        assert content_box(pixels, colour=None) == content_box(pixels) == whole
        assert trim_borders(picture) is picture
