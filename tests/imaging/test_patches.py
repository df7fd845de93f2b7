"""Small places in which two drawn pictures differ."""

from collections.abc import Callable

import pytest
from drawn import DRAWN, Draw, invoice, jpeg
from PIL import Image, ImageDraw, ImageFont

from lookalike.imaging.patches import same_patches

EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "recompressed": lambda image: jpeg(image, 50),
    "half": lambda image: image.resize((image.width // 2, image.height // 2)),
    "small": lambda image: jpeg(image.resize((image.width // 3, image.height // 3)), 80),
    "large": lambda image: image.resize((image.width * 2, image.height * 2)),
    "shifted": lambda image: image.transform(image.size, 0, (1, 0, 1, 0, 1, 1), fillcolor="white"),
}


@pytest.mark.parametrize("draw", DRAWN)
@pytest.mark.parametrize("edit", EDITS)
def test_copies_are_the_same_everywhere(draw: Draw, edit: str) -> None:
    for seed in range(3):
        assert same_patches(EDITS[edit](draw(seed)), draw(seed))


@pytest.mark.parametrize("draw", DRAWN)
def test_different_ones_are_not(draw: Draw) -> None:
    for seed in range(3):
        for other in range(4, 7):
            assert not same_patches(draw(seed), draw(other))


@pytest.mark.parametrize("number", ["Total 1,260", "Total 7,250", "Total 1,251"])
def test_one_other_digit_shows(number: str) -> None:
    def total(words: str) -> Image.Image:
        page = invoice(1)
        draw = ImageDraw.Draw(page)
        draw.rectangle((480, 600, 760, 640), fill="white")
        draw.text((500, 610), words, fill="black", font=ImageFont.load_default(16))
        return page

    assert same_patches(jpeg(total("Total 1,250"), 60), total("Total 1,250"))
    assert not same_patches(jpeg(total("Total 1,250"), 60), total(number))


def test_other_words_of_little_contrast_and_other_colours_show() -> None:
    def bottle(colour: str, word: str) -> Image.Image:
        page = Image.new("RGB", (600, 600), "white")
        draw = ImageDraw.Draw(page)
        draw.rounded_rectangle((200, 120, 400, 500), 40, fill=colour)
        draw.text((230, 280), word, fill="white", font=ImageFont.load_default(36))
        return page

    blue = bottle("#2a7fd0", "house")
    assert same_patches(blue, jpeg(blue, 50))
    assert not same_patches(blue, bottle("#2a7fd0", "paper"))
    assert not same_patches(blue, bottle("#30a5da", "house"))


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 2)])
def test_any_sizes(size: tuple[int, int]) -> None:
    assert same_patches(Image.new("RGB", size, "red"), Image.new("RGB", (50, 40), "red"))
    assert not same_patches(Image.new("RGB", (50, 40), "blue"), Image.new("RGB", (90, 70), "red"))
