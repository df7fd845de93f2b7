"""Ctrl-C: once stops the command in good order, once more ends the process."""

import contextlib
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
"""128 + SIGINT, the exit status that shells report for a process that Ctrl-C ended."""

_SHOW_CURSOR = "\x1b[?25h"
"""Progress bars hide it, and may not get to show it again."""


def listen() -> None:
    """Raise KeyboardInterrupt at the first SIGINT only, and end the process at the second.

    Further ones would otherwise strike while the first is obeyed, and show as tracebacks. What is
    stored survives the end of the process at any moment. Where SIGINT is ignored, as in a shell
    script's background, it stays so.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _first)


def _first(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, _second)
    raise KeyboardInterrupt


def _second(_signal: int, _frame: FrameType | None) -> None:
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        if sys.stderr.isatty():
            sys.stderr.write(_SHOW_CURSOR)
    end()


def end() -> NoReturn:
    """End the process without the interpreter's clean-up, which waits for threads at work."""
    for stream in (sys.stdout, sys.stderr):
        # RuntimeError: the signal came while this very stream was being written to.
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            stream.flush()
    os._exit(INTERRUPTED)
