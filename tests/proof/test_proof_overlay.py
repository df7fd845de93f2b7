"""The picture that shows what of two pictures is the same, and its words."""

from collections.abc import Callable

import pytest
from PIL import Image

from lookalike.records import Match

pytest.importorskip("cv2")

from lookalike import proof
from lookalike.proof.words import in_words

WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
RIGHT_HALF = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
VERMILION = (213, 94, 0)


def made_up(**changed: object) -> Match:
    given = {
        "inliers": 40,
        "query_share": 1.0,
        "record_share": 0.5,
        "query_region": WHOLE,
        "record_region": RIGHT_HALF,
        "mirrored": False,
        "inverted": False,
        "rotation": 0.0,
        "scale": 1.0,
        "score": 0.97,
        "places": ((0.5, 0.5, 0.75, 0.5),),
    }
    return Match(**{**given, **changed})  # type: ignore[arg-type]


def test_what_is_not_the_same_is_paler_and_the_rest_is_outlined() -> None:
    plain = Image.new("RGB", (400, 300), (60, 60, 60))
    shown = proof.overlay(plain, plain, made_up(places=()))
    pixels = [shown.getpixel((x, 28 + 180)) for x in range(shown.width)]
    # Two pictures of 480 pixels: the query's is whole, of the record's the left half is paler.
    assert pixels[28 + 100] == (60, 60, 60)
    assert pixels[28 + 480 + 28 + 100] > (120, 120, 120)
    assert pixels[28 + 480 + 28 + 380] == (60, 60, 60)
    edges = [x for x, pixel in enumerate(pixels) if pixel == VERMILION]
    assert any(abs(x - (28 + 480 + 28 + 240)) <= 4 for x in edges)
    assert any(abs(x - 28) <= 4 for x in edges)


def test_the_pictures_themselves_stay_as_they_are(photo: Callable[[str], Image.Image]) -> None:
    picture = photo("animals/raccoon.jpg")
    before = picture.tobytes()
    match = proof.match(proof.extract(picture), proof.extract(picture))
    assert match is not None
    proof.overlay(picture, picture, match)
    assert picture.tobytes() == before


@pytest.mark.parametrize("size", [(1, 1), (2000, 3), (3, 2000)])
def test_any_shape_can_be_drawn(size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, "teal")
    far = ((-0.5, -0.2), (1.4, 0.0), (1.0, 1.3), (0.0, 1.0))
    shown = proof.overlay(picture, picture, made_up(record_region=far))
    assert shown.mode == "RGB"
    assert shown.width < 1100


def test_words_say_the_shares_what_was_changed_and_how_it_was_found() -> None:
    match = made_up(mirrored=True, inverted=True, rotation=-44.7, record_share=0.612)
    assert in_words(match) == (
        "The whole query is 61 % of the found picture, mirrored, turned by 45° to the left, "
        "colours inverted",
        "40 features agree; score 0.970",
    )
    whole = made_up(by="pixels", inliers=0, record_share=1.0, score=0.99999, rotation=0.2)
    assert in_words(whole) == (
        "The whole query is the whole found picture",
        "the pixels agree when laid over each other; score above 0.999",
    )
