"""How exactly two pictures laid on each other agree."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("cv2")

import cv2

from lookalike.evaluation.edits import edited
from lookalike.proof.exactness import Exactness, exactness
from lookalike.proof.view import view

Photo = Callable[[str], Image.Image]
RACCOON, OTHER = "animals/raccoon.jpg", "buildings/parthenon.jpg"


def grey(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("L").resize((480, 360)))


def whole(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)


def laid(query: np.ndarray, other: np.ndarray) -> Exactness:
    return exactness(query, other, np.eye(3), whole(other))


def rippled(pixels: np.ndarray, amount: float) -> np.ndarray:
    """Displaced by different amounts at different places."""
    height, width = pixels.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(
        pixels,
        x + np.float32(amount) * np.sin(y / 25),
        y + np.float32(amount) * np.cos(x / 30),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )


def test_a_picture_is_exactly_itself(photo: Photo) -> None:
    pixels = grey(photo(RACCOON))
    found = laid(pixels, pixels)
    assert found.still == found.share == found.fine_equal == 1
    assert np.exp(found.shift) < 0.1
    assert found.denied == found.moved == 0


@pytest.mark.parametrize("edit", ["jpeg-8", "noise", "darker", "blur"])
def test_in_a_copy_nothing_is_displaced_in_a_second_shot_it_is(photo: Photo, edit: str) -> None:
    picture = photo(RACCOON).resize((480, 360))
    with Image.open(io.BytesIO(edited(picture, edit, 1))) as image:
        copy = grey(image)
    same, again = laid(copy, grey(picture)), laid(copy, rippled(grey(picture), 5))
    assert np.exp(same.shift_of_same) < 0.5 * np.exp(again.shift_of_same)
    assert same.still > 0.9
    assert again.still < 0.5
    assert same.fine_best > again.fine_best
    assert again.moved > same.moved + 0.1


def test_a_small_error_of_the_placement_is_taken_off(photo: Photo) -> None:
    pixels = grey(photo(RACCOON))
    off = np.array([(1.01, 0.01, -2), (-0.01, 1.01, 1), (0, 0, 1)])
    found = exactness(pixels, pixels, off, whole(pixels))
    assert found.still > 0.9
    assert found.share > 0.95


def test_of_a_half_covered_copy_the_other_half_is_exact(photo: Photo) -> None:
    pixels, other = grey(photo(RACCOON)), grey(photo(OTHER))
    covered = pixels.copy()
    covered[:, 240:] = other[:, 240:]
    found = laid(covered, pixels)
    assert found.share == pytest.approx(0.5, abs=0.12)
    assert found.fine_best > 0.99
    assert np.exp(found.shift_of_same) < 0.15
    assert found.denied > 0.2


@pytest.mark.parametrize("size", [(1, 1), (3, 300), (300, 5), (8, 8), (480, 7)])
@pytest.mark.parametrize("flat", [False, True])
def test_any_size_can_be_compared(size: tuple[int, int], flat: bool) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    found = laid(np.full_like(pixels, 9) if flat else pixels, pixels)
    assert np.isfinite(found.numbers).all()
    assert len(found.numbers) == 20


def test_where_nothing_is_shown_nothing_is_known() -> None:
    blank = np.full((200, 300), 128, np.uint8)
    assert laid(blank, blank) == Exactness()


def test_a_view_beyond_the_picture_is_black_or_goes_on() -> None:
    pixels = np.full((10, 10), 200, np.uint8)
    twice = np.diag([2.0, 2.0, 1.0])
    assert view(pixels, twice, (10, 10))[8, 8] == 0
    assert view(pixels, twice, (10, 10), extended=True)[8, 8] == 200
