"""What the commands that search have in common: a picture piped in, hits shown and written."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lookalike.cli.output import echo_table, is_terminal, say
from lookalike.errors import UsageError

if TYPE_CHECKING:
    from lookalike.results import Results


def read_stdin() -> bytes:
    """The picture on standard input.

    Raises:
        UsageError: nothing is piped in, or too much.
    """
    from lookalike.imaging import DEFAULT_LIMITS

    if sys.stdin.isatty():
        raise UsageError("--stdin needs a picture piped in, such as `… | lookalike search --stdin`")
    limit = DEFAULT_LIMITS.max_bytes
    data = sys.stdin.buffer.read(limit + 1)
    if len(data) > limit:
        raise UsageError(f"the picture on standard input is larger than {limit:,} bytes")
    if not data:
        raise UsageError("nothing came in on standard input")
    return data


def show(
    results: "Results", *, first: int = 1, pictures: bool | None = None, reasons: bool = False
) -> None:
    """Print hits, as pictures or as a table, and below them where the time went.

    Args:
        results: the answer.
        first: rank of the first hit.
        pictures: whether to show them in the terminal; None for where it can.
        reasons: say why each verdict was given.
    """
    from lookalike.views import table, terminal
    from lookalike.views.text import summary

    if not results:
        say("nothing found")
        return
    if not (terminal.wanted(pictures, say) and terminal.show_hits(results, say=say, first=first)):
        echo_table(
            table.hits(
                results,
                terminal=is_terminal(),
                first=first,
                label=results.label,
                reasons=reasons,
                group_by=results.group_by,
            )
        )
    click.echo(summary(results), err=True)


def write(results: "Results", html: Path | None, png: Path | None = None) -> None:
    """Write the files that were asked for, and say so."""
    if html is not None:
        from lookalike.views.html import write_page

        write_page(results, html)
        say(f"wrote {html}")
    if png is not None:
        from lookalike.views.png import write_grid

        write_grid(results, png)
        say(f"wrote {png}")
