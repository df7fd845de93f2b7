"""What two pictures on plain grounds say: the same ink in the same places."""

from collections.abc import Callable
from itertools import combinations

import pytest
from drawn import DRAWN, Draw, chart, invoice, jpeg, product
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from lookalike.imaging.ink import SAME, agreement, same_ink

EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "recompressed": lambda image: jpeg(image, 20),
    "small": lambda image: jpeg(image.resize((image.width // 3, image.height // 3)), 80),
    "large": lambda image: image.resize((image.width * 2, image.height * 2)),
    "stretched": lambda image: image.resize((image.width * 2 // 3, image.height * 4 // 5)),
    "grey": lambda image: ImageOps.grayscale(image).convert("RGB"),
    "dark": lambda image: ImageEnhance.Brightness(image).enhance(0.8),
    "faint": lambda image: ImageEnhance.Contrast(image).enhance(0.6),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    "cut": lambda image: image.crop((2, 3, image.width - 1, image.height - 2)),
}


@pytest.mark.parametrize("draw", DRAWN)
@pytest.mark.parametrize("edit", EDITS)
def test_copies_have_the_same(draw: Draw, edit: str) -> None:
    for seed in range(3):
        assert same_ink(EDITS[edit](draw(seed)), draw(seed))


@pytest.mark.parametrize("draw", [invoice, chart])
def test_others_of_a_kind_have_not(draw: Draw) -> None:
    for one, other in combinations([draw(seed) for seed in range(5)], 2):
        assert agreement(one, other) < 0.95
        assert agreement(jpeg(one, 40), other) < 0.95


def test_products_of_other_colours_and_words_are_others() -> None:
    for one, other in combinations([product(seed) for seed in range(8)], 2):
        assert not same_ink(one, other)


def test_other_lines_make_another_invoice() -> None:
    page = invoice(1)
    other = page.copy()
    other.paste(invoice(2).crop((0, 500, 800, 800)), (0, 500))
    assert not same_ink(other, page)


def test_what_was_cut_or_mirrored_has_not() -> None:
    page = invoice(1)
    assert agreement(page, ImageOps.mirror(page)) < 0.7
    assert agreement(page, page.crop((40, 40, page.width - 40, page.height - 40))) < 0.7


def test_nothing_is_the_same_as_nothing() -> None:
    white, grey = (Image.new("RGB", (40, 30), name) for name in ("white", "grey"))
    assert same_ink(white, grey)
    assert agreement(white, invoice(1)) == agreement(invoice(1), white) == 0.0


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (5000, 20)])
def test_any_sizes(size: tuple[int, int]) -> None:
    one, other = Image.new("RGB", size, "red"), Image.new("RGB", size[::-1], "red")
    assert agreement(one, other) == 1.0 >= SAME
    assert 0 <= agreement(one, invoice(1)) <= 1
