"""The picture grid as one PNG: hits in columns, name and score below each."""

import io
import os
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from lookalike.errors import UsageError
from lookalike.records import Hit, Verdict
from lookalike.results import Results
from lookalike.views import pictures
from lookalike.views.file import file_to_write, write_file
from lookalike.views.fonts import Font, ascent, drawable, font_for
from lookalike.views.text import caption, printable, summary

CELL = 256
FLOOR = 208
"""Width and height in pixels of the place of one picture."""

QUERY = 128
"""Longer side in pixels of a query's picture."""

GAP = 24
MARGIN = 40
CAPTION = 58
TITLE = 28
TEXT = 17

PAPER = (255, 255, 255)
MAT = (238, 240, 243)
INK = (28, 29, 33)
SOFT = (98, 101, 110)
VERDICT_COLOURS = {Verdict.IDENTICAL: (11, 122, 75), Verdict.COPY: (154, 91, 0)}

_QUERIES = 4
"""More pictures than these of one query leave no room for its title."""

Colour = tuple[int, int, int]


def write_grid(results: Results, path: str | os.PathLike[str], columns: int = 5) -> Path:
    """Write hits as a PNG with the query and the times in the title; returns its path.

    Args:
        results: what to show.
        path: the file to write, whose name ends in .png.
        columns: pictures in a row, ≥ 1.

    Raises:
        UsageError: no column, another name, or the folder of the file is not there.
        OSError: the file cannot be written; its old contents are still there.
    """
    path = file_to_write(path, ".png")
    if columns < 1:
        raise UsageError(f"a grid needs at least 1 column, got {columns}")
    encoded = io.BytesIO()
    draw_grid(results, columns).save(encoded, "PNG", optimize=True)
    write_file(path, encoded.getvalue())
    return path


def draw_grid(results: Results, columns: int = 5) -> Image.Image:
    """The grid as an RGB image; rows and columns shrink to the number of hits."""
    columns = max(1, min(columns, len(results)))
    rows = -(-len(results) // columns)
    queries = _query_pictures(results)
    tallest = max([TITLE + TEXT + 20, *(image.height for image in queries)])
    head = MARGIN + tallest + GAP
    width = max(2 * MARGIN + columns * (CELL + GAP) - GAP, 2 * MARGIN + 3 * CELL)
    height = head + max(rows, 1) * (FLOOR + CAPTION + GAP) - GAP + MARGIN
    canvas = Image.new("RGB", (width, height), PAPER)
    _title(canvas, results, queries)
    shown = pictures.load((hit.uri for hit in results), side=CELL)
    for n, hit in enumerate(results):
        left = MARGIN + n % columns * (CELL + GAP)
        top = head + n // columns * (FLOOR + CAPTION + GAP)
        _cell(canvas, (left, top), hit, shown[hit.uri], caption(hit, results.label))
    if not results:
        _write(ImageDraw.Draw(canvas), (MARGIN, head), "Nothing found.", SOFT)
    return canvas


def _query_pictures(results: Results) -> list[Image.Image]:
    shown = [pictures.decode(data, side=QUERY) for data in results.query_pictures[:_QUERIES]]
    return [one.image for one in shown if one.image is not None]


def _title(canvas: Image.Image, results: Results, queries: list[Image.Image]) -> None:
    left = MARGIN
    for image in queries:
        canvas.paste(image, (left, MARGIN))
        left += image.width + GAP
    pen = ImageDraw.Draw(canvas)
    room = canvas.width - MARGIN - left
    _write(pen, (left, MARGIN), printable(results.query), INK, room=room, size=TITLE)
    _write(pen, (left, MARGIN + TITLE + 12), summary(results), SOFT, room=room)


def _cell(
    canvas: Image.Image, corner: tuple[int, int], hit: Hit, shown: pictures.Shown, name: str
) -> None:
    left, top = corner
    pen = ImageDraw.Draw(canvas)
    if shown.image is None:
        pen.rounded_rectangle((left, top, left + CELL - 1, top + FLOOR - 1), 10, MAT)
        middle = (left + CELL // 2, top + FLOOR // 2)
        _write(pen, middle, shown.reason, SOFT, room=CELL - 24, anchor="mm")
    else:
        image = (
            ImageOps.contain(shown.image, (CELL, FLOOR))
            if shown.image.height > FLOOR
            else shown.image
        )
        # The left edge and the lower edge are the caption's: pictures of a row stand on one floor.
        canvas.paste(image, (left, top + FLOOR - image.height))
    _write(pen, (left, top + FLOOR + 8), name, INK, room=CELL)
    line = top + FLOOR + 33
    length = _write(pen, (left, line), f"{hit.score:.3f}", SOFT)
    if colour := VERDICT_COLOURS.get(hit.verdict):
        _write(pen, (left + int(length) + 12, line), hit.verdict.value, colour)


def _write(
    pen: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    text: str,
    colour: Colour,
    *,
    room: float = CELL,
    size: int = TEXT,
    anchor: str = "la",
) -> float:
    """Write one line into `room` pixels, in a font that has its letters; the pixels it takes."""
    font = font_for(text, size)
    shown = _fit(drawable(text, font), font, room)
    left, top = corner
    # Letters stand on one line, whatever the font.
    pen.text((left, top + ascent(font_for("", size)) - ascent(font)), shown, colour, font, anchor)
    return font.getlength(shown)


def _fit(text: str, font: Font, room: float) -> str:
    """The text, its middle left out where it does not fit into `room` pixels."""
    if font.getlength(text) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        kept = (low + high + 1) // 2
        if font.getlength(_shortened(text, kept)) <= room:
            low = kept
        else:
            high = kept - 1
    return _shortened(text, low)


def _shortened(text: str, kept: int) -> str:
    tail = kept // 3
    return f"{text[: kept - tail]}…{text[len(text) - tail :] if tail else ''}"
