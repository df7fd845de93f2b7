"""Where a part of a picture is, in words."""

from collections.abc import Sequence

from lookalike.copies.views import Box


def place_of(box: Box) -> str:
    """Which part of the picture a box is: `at the lower left`, `in the middle`."""
    left, top, right, bottom = box
    across, down = (left + right) / 2, (top + bottom) / 2
    side = "" if 0.4 <= across <= 0.6 else "left" if across < 0.5 else "right"
    height = "" if 0.4 <= down <= 0.6 else "upper" if down < 0.5 else "lower"
    if side and height:
        return f"at the {height} {side}"
    if side:
        return f"on the {side}"
    return {"upper": "at the top", "lower": "at the bottom", "": "in the middle"}[height]


def box_of(corners: Sequence[tuple[float, float]]) -> Box:
    """The upright box around corners, cut off at the picture's edges."""
    across = [min(max(x, 0.0), 1.0) for x, _ in corners]
    down = [min(max(y, 0.0), 1.0) for _, y in corners]
    return min(across), min(down), max(across), max(down)
