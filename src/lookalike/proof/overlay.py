"""A picture for people that shows what of a query and a record's picture is the same."""

from PIL import Image, ImageDraw, ImageOps

from lookalike.proof.words import in_words
from lookalike.records import Corners, Match
from lookalike.views.fonts import drawable, font_for

_SIDE = 480
"""Pixels of the longer side of each picture."""

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
        An RGB picture about 1,050 pixels wide.
    """
    left, right = _fitted(query), _fitted(other)
    floor = max(left.height, right.height)
    lines = in_words(match)
    width = 2 * _MARGIN + left.width + _GAP + right.width
    font = font_for("".join(lines), _TEXT)
    width = max(width, 2 * _MARGIN + round(max(font.getlength(line) for line in lines)))
    canvas = Image.new(
        "RGB", (width, 2 * _MARGIN + floor + _LINE * len(lines) + _LINE // 2), _PAPER
    )
    corners = []
    for image, region, x in (
        (left, match.query_region, _MARGIN),
        (right, match.record_region, _MARGIN + left.width + _GAP),
    ):
        corner = x, _MARGIN + (floor - image.height) // 2
        corners.append(corner)
        canvas.paste(_outlined(image, region), corner)
    pen = ImageDraw.Draw(canvas)
    for ax, ay, bx, by in match.places:
        thread = (
            *(corners[0][0] + ax * left.width, corners[0][1] + ay * left.height),
            *(corners[1][0] + bx * right.width, corners[1][1] + by * right.height),
        )
        pen.line(thread, _HALO, 3)
        pen.line(thread, _THREAD, 1)
        for end in (thread[:2], thread[2:]):
            pen.ellipse((end[0] - 3, end[1] - 3, end[0] + 3, end[1] + 3), _THREAD, _HALO)
    for row, line in enumerate(lines):
        place = _MARGIN, _MARGIN + floor + _LINE // 2 + row * _LINE
        pen.text(place, drawable(line, font), _SOFT if row else _INK, font)
    return canvas


def _fitted(image: Image.Image) -> Image.Image:
    return ImageOps.contain(image, (_SIDE, _SIDE), Image.Resampling.LANCZOS)


def _outlined(image: Image.Image, corners: Corners) -> Image.Image:
    """The picture, paler where it is not in the region, with the region's edge."""
    points = [(x * image.width, y * image.height) for x, y in corners]
    inside = Image.new("L", image.size, 0)
    ImageDraw.Draw(inside).polygon(points, fill=255)
    pale = Image.blend(image, Image.new("RGB", image.size, _PAPER), 0.45)
    shown = Image.composite(image, pale, inside)
    pen = ImageDraw.Draw(shown)
    # An edge on the picture's own would be cut off.
    edge = [(min(max(x, 2), image.width - 3), min(max(y, 2), image.height - 3)) for x, y in points]
    for colour, width in ((_HALO, 6), (_EDGE, 4)):
        pen.line([*edge, edge[0]], colour, width, "curve")
    x, y = edge[0]
    pen.ellipse((x - _CORNER, y - _CORNER, x + _CORNER, y + _CORNER), _EDGE, _HALO, 2)
    return shown
