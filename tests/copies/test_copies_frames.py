"""Photographs that stand in a picture: on pages and screens, turned, seen from a side."""

import math
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from lookalike.collection import Collection
from lookalike.copies.frames import frames
from lookalike.copies.quadrilateral import area, degrees, quadrilateral
from lookalike.encoders import registry
from lookalike.records import Verdict


@pytest.mark.parametrize(
    "name", ["rotate-5", "rotate-20", "perspective", "screenshot", "web-page", "meme-caption"]
)
def test_the_photograph_in_an_edit_is_found(
    original: Path, edit: Callable[[str], bytes], name: str
) -> None:
    image = Image.open(BytesIO(edit(name))).convert("RGB")
    phash = registry.load("phash")
    (own,) = phash.encode_images([Image.open(original).convert("RGB")])
    found = frames(image)
    apart = [
        int(np.bitwise_count(one ^ own).sum())
        for one in phash.encode_images([frame.image for frame in found])
    ]
    assert min(apart, default=64) <= 8
    if name.startswith("rotate"):
        assert found[0].straightened is not None
        assert abs(found[0].straightened) == pytest.approx(int(name.split("-")[1]), abs=1)


def test_photographs_have_no_frames(originals: Path) -> None:
    paths = [path for name in ("animals", "flowers") for path in originals.glob(f"{name}/*.jpg")]
    assert paths
    assert not [path for path in paths if frames(_opened(path))]


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (300, 2), (15, 15), (16, 16), (5000, 1)])
@pytest.mark.parametrize("colour", ["black", "white"])
def test_tiny_and_flat_pictures_have_none(size: tuple[int, int], colour: str) -> None:
    assert frames(Image.new("RGB", size, colour)) == []


@pytest.mark.parametrize(
    "corners",
    [
        [(10, 10), (240, 10), (125, 240)],
        [(0, 200), (128, 10), (256, 200)],
        [(30, 30), (130, 130.5), (230, 230), (30, 230)],
    ],
)
def test_a_triangle_is_no_photograph(corners: list[tuple[float, float]]) -> None:
    image = Image.new("RGB", (256, 256))
    ImageDraw.Draw(image).polygon(corners, fill="white")
    assert frames(image) == []


def test_a_page_within_a_screen_within_a_page(original: Path) -> None:
    page = Image.new("RGB", (900, 1200), "white")
    photo = _opened(original).resize((600, 400))
    page.paste(photo, (150, 500))
    screen = Image.new("RGB", (1000, 1600), "#202020")
    screen.paste(page, (50, 200))
    draw = ImageDraw.Draw(screen)
    draw.text((60, 60), "a name", "white")
    (*_, last) = frames(screen)
    expected = (200 / 1000, 700 / 1600, 800 / 1000, 1100 / 1600)
    assert last.box == pytest.approx(expected, abs=0.01)
    assert last.straightened is None


@given(st.floats(-40, 40), st.floats(0.6, 1.6), st.integers(40, 90))
def test_the_corners_of_a_turned_rectangle(angle: float, shape: float, width: int) -> None:
    height = width * shape
    turn = math.radians(angle)
    right, down = (
        np.array([math.cos(turn), math.sin(turn)]),
        np.array([-math.sin(turn), math.cos(turn)]),
    )
    y, x = np.mgrid[:256, :256] + 0.5 - 128
    seen = (abs(x * right[0] + y * right[1]) < width / 2) & (
        abs(x * down[0] + y * down[1]) < height / 2
    )
    corners = quadrilateral(seen)
    assert corners is not None
    assert area(corners) == pytest.approx(width * height, rel=0.12)
    assert degrees(corners) == pytest.approx(angle, abs=2.5)


@given(st.data())
def test_whatever_is_seen_has_four_corners_or_none(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 12))
    bits = data.draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    corners = quadrilateral(np.array(bits).reshape(height, width))
    assert corners is None or (corners.shape == (4, 2) and np.isfinite(corners).all())


def test_hashes_alone_find_what_was_turned_or_stands_on_a_page(
    collection: Collection, original: Path, edit: Callable[[str], bytes]
) -> None:
    def best(name: str) -> str:
        hit = collection.copies(edit(name), proof=False)[0]
        assert hit.verdict is Verdict.COPY
        assert hit.uri.endswith(original.name)
        return hit.reason

    assert " after turning it back by 5°" in best("rotate-5")
    assert "region " in best("web-page")
    assert "pHash distance" in best("screenshot")


def _opened(path: Path) -> Image.Image:
    return Image.open(path).convert("RGB")
