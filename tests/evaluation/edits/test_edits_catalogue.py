"""Edited copies: the same every time, really changed, of the sizes promised."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.errors import UsageError
from lookalike.evaluation.edits import BASIC, HARD, MIXED, edited
from lookalike.imaging import decode

ALL = [*BASIC, *HARD]


def opened(path: Path, side: int = 200) -> Image.Image:
    with Image.open(path) as image:
        picture = image.convert("RGB")
    picture.thumbnail((side, side))
    return picture


@pytest.fixture(scope="module")
def picture(photos: Path) -> Image.Image:
    return opened(photos / "animals" / "raccoon.jpg")


@pytest.fixture(scope="module")
def others(photos: Path) -> Sequence[Image.Image]:
    paths = [path for path in sorted(photos.glob("*/*.jpg")) if path.name != "raccoon.jpg"]
    return [opened(path) for path in paths[:4]]


@pytest.mark.parametrize("name", ALL)
def test_an_edit_is_the_same_every_time_and_changes_the_picture(
    name: str, picture: Image.Image, others: Sequence[Image.Image]
) -> None:
    before = picture.tobytes()
    data = edited(picture, name, 5, others)
    assert data == edited(picture, name, 5, others)
    assert picture.tobytes() == before
    changed = decode(data).image
    assert changed.mode == "RGB"
    if changed.size == picture.size:
        whole = np.asarray(picture, np.int16)
        assert np.abs(np.asarray(changed, np.int16) - whole).mean() > 1


def test_no_two_edits_are_the_same(picture: Image.Image, others: Sequence[Image.Image]) -> None:
    assert len({edited(picture, name, 5, others) for name in ALL}) == len(ALL)
    assert not BASIC.keys() & HARD.keys()
    assert HARD.keys() >= MIXED


@pytest.mark.parametrize("name", ["crop-50", "inside-25", "chain-5", "photographed", "hue"])
def test_another_seed_is_another_copy(
    name: str, picture: Image.Image, others: Sequence[Image.Image]
) -> None:
    assert edited(picture, name, 1, others) != edited(picture, name, 2, others)


@pytest.mark.parametrize(
    ("name", "width", "height"),
    [
        ("quarter-size", 1 / 4, 1 / 4),
        ("crop-80", 0.8, 0.8),
        ("crop-30-mirror", 0.3, 0.3),
        ("rotate-180-mirror", 1, 1),
        ("pixelate", 1, 1),
        ("half-covered", 1, 1),
    ],
)
def test_sizes(
    name: str,
    width: float,
    height: float,
    picture: Image.Image,
    others: Sequence[Image.Image],
) -> None:
    with Image.open(io.BytesIO(edited(picture, name, 1, others))) as copy:
        assert copy.size == (int(picture.width * width), int(picture.height * height))


@pytest.mark.parametrize(
    "size", [(1, 1), (8, 1000), (1000, 8), (3, 200), (200, 3), (9, 9), (33, 17)]
)
@pytest.mark.parametrize("name", ALL)
def test_a_tiny_or_narrow_picture_can_be_edited(
    name: str, size: tuple[int, int], others: Sequence[Image.Image]
) -> None:
    data = edited(Image.new("RGB", size, "teal"), name, 3, others)
    assert decode(data).image.width >= 1


@pytest.mark.parametrize("name", sorted(MIXED))
def test_tiny_others_can_be_mixed_in(name: str, picture: Image.Image) -> None:
    data = edited(picture, name, 3, [Image.new("RGB", (1, 1))])
    assert decode(data).image.width >= 1


def test_the_picture_inside_another_is_as_wide_as_promised(picture: Image.Image) -> None:
    black = [Image.new("RGB", (400, 400))]
    for name, part in (("inside-40", 0.4), ("inside-25", 0.25)):
        copy = np.asarray(decode(edited(picture, name, 4, black)).image)
        assert (copy.max(axis=(0, 2)) > 40).sum() == pytest.approx(400 * part, abs=3)


def test_a_half_is_covered_and_the_other_stays(picture: Image.Image) -> None:
    green = [Image.new("RGB", (50, 50), (0, 255, 0))]
    copy = np.asarray(decode(edited(picture, "half-covered", 4, green)).image, np.int16)
    covered = (copy[..., 1] > 200) & (copy[..., 0] < 60) & (copy[..., 2] < 60)
    assert covered.mean() == pytest.approx(0.5, abs=0.03)


def test_wrong_names_and_missing_others_are_said(picture: Image.Image) -> None:
    with pytest.raises(UsageError, match="no edit 'crop-99'; there are jpeg-8, quarter-size"):
        edited(picture, "crop-99", 1)
    with pytest.raises(UsageError, match="'collage' mixes other photographs in"):
        edited(picture, "collage", 1)
