"""A picture for people that shows what of a query and a record's picture is the same."""

from PIL import Image, ImageDraw, ImageOps

from lookalike.proof.words import in_words
from lookalike.records import Corners, Match
from lookalike.views.fonts import drawable, font_for

_SIDE = 480
"""Pixels of the longer side of each picture."""

_FINE = 2
"""All but the words is drawn so many times as large, then reduced: slanted lines are smooth."""

_GAP, _MARGIN, _LINE = 28, 28, 26
_TEXT = 17
_PAPER, _INK, _SOFT = (255, 255, 255), (28, 29, 33), (98, 101, 110)
_EDGE, _THREAD, _HALO = (213, 94, 0), (0, 114, 178), (255, 255, 255)
"""Vermilion and blue of Okabe and Ito, which people with any colour blindness tell apart."""

_CORNER = 7
"""Radius in pixels of the dot at the region's first corner, the same one in both pictures."""


def overlay(query: Image.Image, other: Image.Image, match: Match) -> Image.Image:
    """The query and the record's picture side by side, what they share outlined in both.

    A dot marks the same corner in both, thin lines join some places that are the same, and the
    shares stand below in words.

    Args:
        query: the query's picture, RGB.
        other: the record's.
        match: what `match` found for the two.

    Returns:
        An RGB picture of at most some 1,050 pixels' width, if no line of words is longer.
    """
    left, right = (_fitted(image, _FINE * _SIDE) for image in (query, other))
    floor, gap = max(left.height, right.height), _FINE * _GAP
    shown = Image.new("RGB", (left.width + gap + right.width, floor), _PAPER)
    corners = (
        (0, (floor - left.height) // 2),
        (left.width + gap, (floor - right.height) // 2),
    )
    shown.paste(_outlined(left, match.query_region), corners[0])
    shown.paste(_outlined(right, match.record_region), corners[1])
    pen = ImageDraw.Draw(shown)
    for ax, ay, bx, by in match.places:
        _thread(
            pen,
            (corners[0][0] + ax * left.width, corners[0][1] + ay * left.height),
            (corners[1][0] + bx * right.width, corners[1][1] + by * right.height),
        )
    shown = shown.reduce(_FINE)
    lines = in_words(match)
    font = font_for("".join(lines), _TEXT)
    width = max(shown.width, *(round(font.getlength(line)) for line in lines))
    height = shown.height + _LINE * len(lines) + _LINE // 2
    canvas = Image.new("RGB", (width + 2 * _MARGIN, height + 2 * _MARGIN), _PAPER)
    canvas.paste(shown, (_MARGIN, _MARGIN))
    pen = ImageDraw.Draw(canvas)
    for row, line in enumerate(lines):
        place = _MARGIN, _MARGIN + shown.height + _LINE // 2 + row * _LINE
        pen.text(place, drawable(line, font), _SOFT if row else _INK, font)
    return canvas


def _thread(pen: ImageDraw.ImageDraw, start: tuple[float, float], end: tuple[float, float]) -> None:
    pen.line((*start, *end), _HALO, 3 * _FINE)
    pen.line((*start, *end), _THREAD, _FINE)
    radius = 3 * _FINE
    for x, y in (start, end):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), _THREAD, _HALO, _FINE)


def _fitted(image: Image.Image, side: int) -> Image.Image:
    return ImageOps.contain(image, (side, side), Image.Resampling.LANCZOS)


def _outlined(image: Image.Image, corners: Corners) -> Image.Image:
    """The picture, paler where it is not in the region, with the region's edge."""
    points = [(x * image.width, y * image.height) for x, y in corners]
    inside = Image.new("L", image.size, 0)
    ImageDraw.Draw(inside).polygon(points, fill=255)
    pale = Image.blend(image, Image.new("RGB", image.size, _PAPER), 0.45)
    shown = Image.composite(image, pale, inside)
    pen = ImageDraw.Draw(shown)
    # An edge on the picture's own would be cut off.
    rim = 2 * _FINE
    edge = [
        (min(max(x, rim), image.width - rim), min(max(y, rim), image.height - rim))
        for x, y in points
    ]
    for colour, width in ((_HALO, 6), (_EDGE, 4)):
        pen.line([*edge, edge[0], edge[1]], colour, width * _FINE, "curve")
    (x, y), radius = edge[0], _CORNER * _FINE
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), _EDGE, _HALO, 2 * _FINE)
    return shown
