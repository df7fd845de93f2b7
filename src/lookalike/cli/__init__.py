"""The command: `lookalike COMMAND`, one file per command, each imported when it is asked for."""

import os
import sys
import warnings

import click

from lookalike._version import __version__
from lookalike.cli import interrupt
from lookalike.cli.group import WRONG_USE, LazyGroup
from lookalike.cli.output import say

COMMANDS = (
    "index",
    "report",
    "search",
    "copies",
    "duplicates",
    "show",
    "list",
    "delete",
    "drop",
    "info",
    "rebuild",
    "export",
    "import",
    "copy",
    "evaluate",
    "calibrate",
    "tune",
    "models",
    "plan",
    "doctor",
    "completion",
)


@click.command(
    cls=LazyGroup,
    commands_in="lookalike.cli",
    names=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`lookalike COMMAND --help` explains a command, with examples.",
)
@click.version_option(
    __version__, "-V", "--version", prog_name="lookalike", message="%(prog)s %(version)s"
)
def cli() -> None:
    """Find pictures by picture or by words.

    \b
    lookalike index ~/Pictures            look at every picture once
    lookalike search cat.jpg              what looks like this one?
    lookalike search "a cat at night"     what shows this?
    lookalike copies screenshot.png       where is the original of this?

    A collection lives in the folder .lookalike here, or where -c says. The picture files
    themselves are only ever read.
    """  # noqa: D301


def main() -> None:
    """Entry point of the `lookalike` command."""
    interrupt.listen()
    _open_streams()
    if not os.environ.get("LOOKALIKE_DEBUG"):
        warnings.simplefilter("ignore")
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show must not stop the answer.
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")
    try:
        cli(prog_name="lookalike")
    except SystemExit as end:
        if end.code == interrupt.INTERRUPTED:
            interrupt.end()
        raise


def _open_streams() -> None:
    """Put the null device where standard input or error is closed; refuse a closed output.

    The next file opened would take the closed one's number, and what somebody prints would end
    up in it.
    """
    closed = sys.stdout is None
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    if closed:
        say("standard output is closed; send it to a file or to /dev/null")
        sys.exit(WRONG_USE)
