"""Whether two pictures show the same photograph, and where."""

import io
from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

pytest.importorskip("cv2")

import cv2

from lookalike import proof
from lookalike.evaluation.edits import edited
from lookalike.records import Match

Photo = Callable[[str], Image.Image]
RACCOON, OTHER = "animals/raccoon.jpg", "buildings/parthenon.jpg"


def compared(query: Image.Image, record: Image.Image) -> Match | None:
    return proof.match(proof.extract(query, max_side=proof.QUERY_SIDE), proof.extract(record))


def found(query: Image.Image, record: Image.Image) -> Match:
    match = compared(query, record)
    assert match is not None
    assert match.score > 0.9
    return match


def after(picture: Image.Image, name: str, *others: Image.Image) -> Image.Image:
    with Image.open(io.BytesIO(edited(picture, name, 3, others))) as image:
        return image.convert("RGB")


def test_a_crop_is_found_where_it_was_cut(photo: Photo) -> None:
    whole = photo(RACCOON)
    box = (whole.width // 4, whole.height // 4, whole.width * 3 // 4, whole.height * 3 // 4)
    match = found(whole.crop(box), whole)
    assert match.query_share == pytest.approx(1, abs=0.02)
    assert match.record_share == pytest.approx(0.25, abs=0.02)
    corners = [(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)]
    assert np.array(match.record_region) == pytest.approx(np.array(corners), abs=0.02)
    assert (match.mirrored, match.inverted, match.by) == (False, False, "features")
    assert match.rotation == pytest.approx(0, abs=1)
    assert match.scale == pytest.approx(1, rel=0.03)


def test_what_is_covered_does_not_agree(photo: Photo) -> None:
    whole = photo(RACCOON)
    half = whole.copy()
    half.paste(photo(OTHER).resize((whole.width // 2, whole.height)), (0, 0))
    assert found(whole, whole).agreement > 0.99
    match = found(half, whole)
    assert match.record_share > 0.95
    assert 0.2 < match.agreement < 0.65


def test_a_picture_inside_another_is_found_there(photo: Photo) -> None:
    picture, page = photo(RACCOON), photo(OTHER).resize((900, 700))
    page.paste(picture.resize((300, 200)), (450, 350))
    match = found(page, picture)
    assert match.record_share == pytest.approx(1, abs=0.03)
    assert match.query_share == pytest.approx(300 * 200 / (900 * 700), rel=0.1)
    assert match.query_region[0] == pytest.approx((0.5, 0.5), abs=0.02)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("degrees", [0, 30, 90, 180, 270])
def test_what_was_done_is_told_and_places_are_the_same_in_both(
    degrees: int, mirror: bool, photo: Photo
) -> None:
    picture = photo(RACCOON)
    turned = ImageOps.mirror(picture) if mirror else picture
    # A crop is never taken for the whole, so that features have to find it.
    turned = turned.crop((20, 10, turned.width * 2 // 3, turned.height - 30))
    match = found(turned.rotate(-degrees, Image.Resampling.BICUBIC, expand=True), picture)
    assert match.mirrored is mirror
    assert (match.rotation - degrees + 180) % 360 - 180 == pytest.approx(0, abs=1)
    assert 4 <= len(match.places) <= 12
    inside = np.array(match.places)
    assert ((inside > -0.01) & (inside < 1.01)).all()


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("negative", [False, True])
def test_pixels_alone_know_all_orientations(
    quarters: int, mirror: bool, negative: bool, photo: Photo
) -> None:
    picture = photo(RACCOON)
    query = ImageOps.mirror(picture) if mirror else picture
    query = query.rotate(-90 * quarters, expand=True)
    query = ImageOps.invert(query) if negative else query
    query = query.filter(ImageFilter.GaussianBlur(max(query.size) / 60))
    match = found(query, picture)
    assert (match.mirrored, match.inverted) == (mirror, negative)
    assert (match.rotation - 90 * quarters + 180) % 360 - 180 == pytest.approx(0, abs=2)
    # A picture of four pixels, turned alike, says which of its corners the query shows first.
    marks = Image.frombytes("L", (2, 2), bytes(range(4)))
    marks = (ImageOps.mirror(marks) if mirror else marks).rotate(-90 * quarters)
    first = marks.tobytes()[0]
    corners = {
        tuple(np.round(ours).tolist()): tuple(np.round(theirs).tolist())
        for ours, theirs in zip(match.query_region, match.record_region, strict=True)
    }
    assert corners[0.0, 0.0] == (first % 2, first // 2)


@pytest.mark.parametrize("name", ["pixelate", "blur", "jpeg-8", "noise", "invert", "hue"])
def test_whole_pictures_changed_all_over_are_found(name: str, photo: Photo) -> None:
    picture = photo(RACCOON)
    match = found(after(picture, name), picture)
    assert match.record_share > 0.97
    assert match.agreement > 0.75


@pytest.mark.parametrize(
    "name", ["screenshot", "perspective", "half-covered", "collage", "photographed", "rotate-45"]
)
def test_edited_parts_are_found(name: str, photo: Photo) -> None:
    picture = photo(RACCOON)
    others = [photo(OTHER), photo("animals/otters.jpg"), photo("buildings/casa-mila.jpg")]
    found(after(picture, name, *others), picture)


@pytest.mark.parametrize("name", ["text", "watermark", "meme-caption", "black-border", "letterbox"])
def test_what_two_photographs_were_both_given_proves_nothing(name: str, photo: Photo) -> None:
    first, second = (photo(one).resize((600, 450)) for one in (RACCOON, OTHER))
    match = compared(after(first, name), after(second, name))
    assert match is None or match.score < 0.5


@pytest.mark.parametrize("amount", [4, 8])
def test_a_second_shot_of_a_scene_is_no_copy(photo: Photo, amount: float) -> None:
    pixels = np.asarray(photo(RACCOON))
    height, width = pixels.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = x + amount * np.sin(y / 30), y + amount * np.cos(x / 40)
    again = cv2.remap(pixels, *(one.astype(np.float32) for one in moved), cv2.INTER_LINEAR)
    match = compared(photo(RACCOON), Image.fromarray(again))
    assert match is None or match.score < 0.9


def test_different_photographs_do_not_match(photo: Photo) -> None:
    match = compared(photo(RACCOON), photo(OTHER))
    assert match is None or match.score < 0.1


@pytest.mark.parametrize("size", [(1, 1), (300, 2), (40, 40), (500, 400)])
@pytest.mark.parametrize("flat", [True, False])
def test_pictures_with_nothing_on_them_are_no_proof(size: tuple[int, int], flat: bool) -> None:
    first = Image.new("RGB", size, "white")
    second = Image.new("RGB", size, "white" if flat else "black")
    assert compared(first, second) is None


def test_a_match_holds_plain_numbers_only(photo: Photo) -> None:
    picture = photo(RACCOON)
    for match in (found(picture, picture), found(picture.crop((0, 0, 200, 200)), picture)):
        for field in fields(match):
            assert type(getattr(match, field.name)) in {int, float, bool, str, tuple}
        assert all(type(x) is float for place in match.places for x in place)
