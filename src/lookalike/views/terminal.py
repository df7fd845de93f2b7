"""Pictures in terminals that can show them (kitty's protocol and sixel), by textual-image."""

import logging
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from lookalike.records import Hit
from lookalike.results import Results
from lookalike.views import pictures
from lookalike.views.table import VERDICT_STYLES
from lookalike.views.text import caption, printable, shorten

if TYPE_CHECKING:
    from PIL.Image import Image

CELL = 24
"""Width of a picture in the grid, in columns of the terminal."""

_SIDE = 400
"""Longer side in pixels of a picture sent to the terminal."""

MISSING = "pictures in the terminal need a further package: pip install 'lookalike[terminal]'"
FAILED = "this terminal does not take pictures, so none are shown in it"
NARROW = "the terminal is too narrow for pictures"
NO_TERMINAL = "standard output is no terminal, so no pictures are shown in it"


def wanted(asked: bool | None, say: Callable[[str], None]) -> bool:
    """Whether pictures shall be shown; never when standard output is not a terminal.

    Args:
        asked: True or False where the user said so; None for wherever the terminal can. Asked
            for, a terminal without graphics shows coloured half blocks.
        say: told why pictures that were asked for cannot be shown.
    """
    if asked is False:
        return False
    if not (sys.stdout.isatty() and sys.stdin.isatty()) or os.environ.get("TERM") == "dumb":
        if asked:
            say(NO_TERMINAL)
        return False
    # What its logger has to say is a traceback for each question that a terminal does not answer.
    logging.getLogger("textual_image").setLevel(logging.CRITICAL)
    try:
        from textual_image import renderable
    except Exception as error:  # it asks the terminal when it is imported
        if asked:
            say(MISSING if isinstance(error, ImportError) else FAILED)
        return False
    return asked or renderable.Image in {renderable.TGPImage, renderable.SixelImage}


def show_hits(
    results: Results, *, say: Callable[[str], None], first: int = 1, console: Console | None = None
) -> bool:
    """Print a grid of hits: picture, rank, score, verdict and name.

    Returns:
        Whether that could be done; `say` is told why not.
    """
    console = console or _console()
    if console.width < CELL:
        say(NARROW)
        return False
    columns = max(1, min(len(results), console.width // (CELL + 2)))
    shown = pictures.load((hit.uri for hit in results), side=_SIDE)
    grid = Table.grid(padding=(0, 2, 1, 0))
    for _ in range(columns):
        grid.add_column(width=CELL, vertical="bottom")
    cells = [
        _cell(hit, rank, shown[hit.uri], results.label) for rank, hit in enumerate(results, first)
    ]
    for start in range(0, len(cells), columns):
        grid.add_row(*cells[start : start + columns])
    return _print(grid, console, say)


def show_picture(uri: str, *, say: Callable[[str], None], console: Console | None = None) -> bool:
    """Print one record's picture, or why it cannot be shown; returns as `show_hits`."""
    console = console or _console()
    shown = pictures.load([uri], side=2 * _SIDE)[uri]
    width = min(2 * CELL, console.width)
    picture = _picture(shown.image, width) if shown.image else _missing(shown.reason)
    return _print(picture, console, say)


def _print(shown: RenderableType, console: Console, say: Callable[[str], None]) -> bool:
    """Print; False when textual-image could not cope with what the terminal says of itself."""
    try:
        console.print(shown)
    except BrokenPipeError:
        raise
    except Exception:
        say(FAILED)
        return False
    return True


def _cell(hit: Hit, rank: int, shown: pictures.Shown, label: str | None) -> Group:
    picture = _picture(shown.image, CELL) if shown.image else _missing(shown.reason)
    line = Text.assemble(
        (f"{rank} ", "dim"), f"{hit.score:.3f} ", (hit.verdict.value, VERDICT_STYLES[hit.verdict])
    )
    return Group(picture, line, Text(shorten(caption(hit, label), CELL), no_wrap=True))


def _picture(image: "Image", width: int) -> RenderableType:
    from textual_image.renderable import Image

    renderable: Any = Image(image, width=width, height="auto")
    return renderable  # type: ignore[no-any-return]


def _missing(reason: str) -> Text:
    return Text(printable(f"[{reason}]"), style="dim italic")


def _console() -> Console:
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
