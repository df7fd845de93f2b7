"""What goes to standard output (answers) and to standard error (everything else)."""

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import click

from lookalike.views.text import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

NARROWEST_TABLE = 60
"""Columns that a terminal needs for tables; in fewer, words are cut and paths are towers."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def say(message: str, *, lines: bool = False) -> None:
    """Print a message to standard error, marked as ours.

    `lines` keeps its line breaks; elsewhere they can only come from a name, and are escaped.
    """
    parts = message.split("\n") if lines else [message]
    click.echo("lookalike: " + "\n".join(map(printable, parts)), err=True)


def echo_json(value: Any) -> None:
    """Print one JSON value on one line of standard output.

    Readable letters where the terminal takes UTF-8, escapes elsewhere; valid JSON always.
    """
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    text = json.dumps(value, ensure_ascii=encoding != "utf8", allow_nan=False)
    # A lone surrogate (a byte of a name that is no text) is no UTF-8, its escape is JSON.
    click.echo(_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def is_terminal() -> bool:
    """Whether a person's terminal shows standard output."""
    return sys.stdout.isatty()


def console() -> "Console":
    """Standard output of a terminal, for rich."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def echo_table(table: "Table", *, named: bool = False) -> None:
    """Print a table: fitted to the terminal, or plain and never cut off elsewhere.

    Where a terminal is too narrow for columns, a row is a line of words; with `named` each but the
    first comes after its column's name, for cells that do not speak for themselves.
    """
    if is_terminal():
        from lookalike.views.table import least_width

        to = console()
        if to.width >= NARROWEST_TABLE and not (named and least_width(table) > to.width):
            to.print(table)
            return
        names = [str(column.header) for column in table.columns]
        for row in zip(*(column.cells for column in table.columns), strict=True):
            cells = [str(cell) for cell in row]
            if named:
                rest = zip(names[1:], cells[1:], strict=True)
                cells[1:] = [f"{name} {cell}," for name, cell in rest if cell]
                cells[-1] = cells[-1].rstrip(",")
            click.echo(" ".join(cell for cell in cells if cell))
        return
    from rich.console import Console

    plain = Console(
        width=100_000, no_color=True, color_system=None, highlight=False, markup=False, emoji=False
    )
    with plain.capture() as capture:
        plain.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def plural(count: int, noun: str) -> str:
    """`1 picture`, `2 pictures`, `12,000 pictures`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
