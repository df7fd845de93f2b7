"""The PNG grid."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from lookalike.errors import UsageError
from lookalike.results import Results
from lookalike.views.png import CAPTION, CELL, FLOOR, GAP, INK, MARGIN, PAPER, draw_grid, write_grid

Answer = Callable[..., Results]


def ink(image: Image.Image) -> tuple[int, int, int, int] | None:
    """The box around everything that is not paper."""
    return ImageChops.difference(image, Image.new("RGB", image.size, PAPER)).getbbox()


def test_grid_has_rows_and_columns(answer: Answer) -> None:
    grid = draw_grid(answer(7), columns=5)
    assert grid.width == 2 * MARGIN + 5 * CELL + 4 * GAP
    one_row = draw_grid(answer(5), columns=5)
    assert grid.height - one_row.height == FLOOR + CAPTION + GAP
    assert draw_grid(answer(7), columns=7).height == one_row.height
    assert draw_grid(answer(7), columns=100).width > grid.width


def test_each_cell_holds_picture_and_caption(answer: Answer) -> None:
    grid = draw_grid(answer(7))
    top = grid.height - MARGIN - FLOOR - CAPTION
    for column, filled in ((0, True), (1, True), (2, False), (3, False), (4, False)):
        left = MARGIN + column * (CELL + GAP)
        picture = grid.crop((left, top, left + CELL, top + FLOOR))
        caption = grid.crop((left, top + FLOOR, left + CELL, top + FLOOR + CAPTION))
        assert bool(ink(picture)) is filled
        assert bool(ink(caption)) is filled


def test_title_holds_query_picture_query_and_times(answer: Answer, photo: bytes) -> None:
    plain, pictured = draw_grid(answer(1)), draw_grid(answer(1, query_pictures=[photo]))
    assert pictured.height > plain.height
    assert plain.crop((MARGIN, MARGIN, MARGIN + 200, MARGIN + 30)).getcolors(10_000)
    other = draw_grid(answer(1, query="another query"))
    assert ink(ImageChops.difference(plain, other).convert("RGB")) is not None
    assert INK in {colour for _, colour in plain.getcolors(1_000_000) or []}


@pytest.mark.parametrize(
    "query", ["x" * 1000, "日本語" * 50, "éàü", "\udcff\x00\n\x1b", "", "🙂 👨‍👩‍👧"]
)
def test_any_text_stays_inside(answer: Answer, query: str, hostile: tuple[str, ...]) -> None:
    names = [f"/nowhere/{query.replace('/', '')[:80]}.jpg", *hostile]
    grid = draw_grid(answer(names, query=query), columns=2)
    box = ink(grid)
    assert box is not None
    assert box[0] >= MARGIN - 4
    assert box[2] <= grid.width - MARGIN + 4


def test_no_hits_say_so(answer: Answer) -> None:
    grid = draw_grid(answer(0))
    assert ink(grid.crop((0, grid.height // 3, grid.width, grid.height))) is not None


def test_write_grid(answer: Answer, tmp_path: Path) -> None:
    results = answer(3)
    path = write_grid(results, tmp_path / "grid.png")
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert ImageChops.difference(image.convert("RGB"), draw_grid(results)).getbbox() is None
    assert results.plot(tmp_path / "plot.png", columns=2).is_file()
    with pytest.raises(UsageError, match="at least 1 column"):
        write_grid(results, tmp_path / "grid.png", columns=0)
    with pytest.raises(UsageError, match="there is no folder"):
        write_grid(results, tmp_path / "gone" / "grid.png")


def test_a_label_replaces_the_files_name(answer: Answer) -> None:
    results = answer(3, attributes={"prod_name": "Strap top"})
    plain, labelled = draw_grid(results), draw_grid(results.labelled("prod_name"))
    assert plain.size == labelled.size
    changed = ink(Image.eval(ImageChops.difference(plain, labelled), lambda value: 255 - value))
    assert changed is not None
    # Only the line of names differs.
    assert changed[3] - changed[1] < 25
    same = draw_grid(results.labelled("none"))
    assert ImageChops.difference(plain, same).getbbox() is None
