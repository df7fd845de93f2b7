"""Pictures of which most is one plain ground."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from drawn import chart, invoice, product
from PIL import Image, ImageOps

from lookalike.imaging.plain import is_plain, is_plain_within


@pytest.mark.parametrize("draw", [invoice, chart, product])
@pytest.mark.parametrize("quality", [None, 60])
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_drawn_on_white_is_plain(
    draw: Callable[[int], Image.Image], quality: int | None, scale: float
) -> None:
    picture = draw(1)
    picture = picture.resize((int(picture.width * scale), int(picture.height * scale)))
    if quality is not None:
        file = BytesIO()
        picture.save(file, "JPEG", quality=quality)
        picture = Image.open(file).convert("RGB")
    assert is_plain(picture)


def test_light_words_on_a_dark_page_are_plain() -> None:
    assert is_plain(invoice(2, paper="#202830", ink="#e0e0e0"))


def test_photographs_are_not(photos: Path) -> None:
    files = [file for file in photos.rglob("*.*") if file.suffix in {".jpg", ".png", ".webp"}]
    assert len(files) > 50
    found = []
    for file in files:
        with Image.open(file) as image:
            if is_plain(image.convert("RGB")):
                found.append(file.name)
    assert not found


def test_gradients_and_noise_are_not() -> None:
    assert not is_plain(Image.linear_gradient("L").convert("RGB"))
    assert not is_plain(Image.effect_noise((300, 200), 60).convert("RGB"))


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (700, 1)])
def test_any_size_of_one_colour_is_plain(size: tuple[int, int]) -> None:
    assert is_plain(Image.new("RGB", size, (90, 20, 200)))


def test_a_wide_frame_makes_no_photograph_plain(photos: Path) -> None:
    with Image.open(photos / "animals" / "canyon-wren.jpg") as image:
        photo = image.convert("RGB")
    framed = ImageOps.expand(photo, photo.width // 4, "white")
    assert is_plain(framed)
    assert not is_plain_within(framed)
    assert is_plain_within(ImageOps.expand(invoice(1), 30, "black"))
    assert is_plain_within(invoice(1))
    assert is_plain_within(product(3))
