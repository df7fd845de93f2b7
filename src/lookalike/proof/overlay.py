"""A picture for people that shows what of a query and a record's picture is the same."""

from PIL import Image, ImageDraw

from lookalike.records import Corners, Match
from lookalike.views.fonts import font_for

_HEIGHT = 360
_GAP = 24
_MARGIN = 24
_TEXT = 17
_PAPER, _INK, _EDGE = (255, 255, 255), (28, 29, 33), (213, 94, 0)


def overlay(query: Image.Image, other: Image.Image, match: Match) -> Image.Image:
    """The query and the record's picture side by side, the matched region outlined in both.

    Args:
        query: the query's picture, RGB.
        other: the record's.
        match: what `match` found for the two.

    Returns:
        An RGB picture 360 pixels high and a line of words below.
    """
    left, right = (_fitted(image) for image in (query, other))
    width = 2 * _MARGIN + left.width + _GAP + right.width
    canvas = Image.new("RGB", (width, 2 * _MARGIN + _HEIGHT + 2 * _TEXT), _PAPER)
    _outline(left, match.query_region)
    _outline(right, match.record_region)
    canvas.paste(left, (_MARGIN, _MARGIN))
    canvas.paste(right, (_MARGIN + left.width + _GAP, _MARGIN))
    words = (
        f"{match.query_share:.0%} of the query is {match.record_share:.0%} of the record's picture"
    )
    pen = ImageDraw.Draw(canvas)
    pen.text((_MARGIN, _MARGIN + _HEIGHT + _TEXT // 2), words, _INK, font_for(words, _TEXT))
    return canvas


def _fitted(image: Image.Image) -> Image.Image:
    return image.resize((max(1, image.width * _HEIGHT // image.height), _HEIGHT))


def _outline(image: Image.Image, corners: Corners) -> None:
    points = [(x * image.width, y * image.height) for x, y in corners]
    ImageDraw.Draw(image).polygon(points, outline=_EDGE, width=4)
