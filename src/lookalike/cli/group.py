"""The group of commands: imports a command when it is used, and turns errors into sentences."""

import contextlib
import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import click

from lookalike.cli.interrupt import INTERRUPTED
from lookalike.cli.output import say
from lookalike.errors import (
    DescriptionError,
    EnvironmentFailure,
    FilterError,
    LookalikeError,
    UsageError,
    WeightsError,
)

FAILED = 1
WRONG_USE = 2
ENVIRONMENT = 3
BROKEN_PIPE = 141
"""128 + SIGPIPE."""
_OF_LINES = (DescriptionError, FilterError, WeightsError)
"""Errors whose messages have line breaks that are ours."""


class GuessingGroup(click.Group):
    """A group that guesses what a wrong command's name was meant to be."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command."""
        name = args[0] if args else ""
        names = self.list_commands(ctx)
        if name and not name.startswith("-") and name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
            ctx.fail(f"there is no command {name!r}; {hint}")
        return super().resolve_command(ctx, args)


class LazyGroup(GuessingGroup):
    """A group whose commands are the modules of a package: NAME.py holds `command`."""

    def __init__(self, *args: Any, commands_in: str, names: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._package = commands_in
        self._names = tuple(names)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order a newcomer meets them."""
        return list(self._names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module; None when there is no such command."""
        if cmd_name not in self._names:
            return None
        module = importlib.import_module(f"{self._package}.{cmd_name}")
        command: click.Command = module.command
        return command

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the arguments; this prints the help text."""
        with _reader_may_leave():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; its status."""
        with _reader_may_leave():
            status = super().invoke(ctx)
            sys.stdout.flush()
            return status

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run, and end the process with the right status; no traceback reaches the user."""
        kwargs["standalone_mode"] = False
        try:
            status = super().main(*args, **kwargs)
        except BaseException as error:
            if isinstance(error, SystemExit):
                raise
            status = report(error)
        sys.exit(status if isinstance(status, int) else 0)


def report(error: BaseException) -> int:
    """Say on standard error what went wrong, in one line, and return the exit status."""
    if os.environ.get("LOOKALIKE_DEBUG"):
        traceback.print_exception(error)
    match error:
        case click.exceptions.Abort() | KeyboardInterrupt():
            say("interrupted")
            return INTERRUPTED
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return WRONG_USE
        case click.UsageError():
            _usage(error)
            return WRONG_USE
        case click.ClickException():
            say(error.format_message())
            return WRONG_USE
        case LookalikeError():
            lines = isinstance(error, _OF_LINES)
            say(str(error) if lines else _shown(str(error)), lines=lines)
            return status_of(error)
        case OSError() if error.strerror:
            name = f"{os.fsdecode(error.filename)}: " if error.filename else ""
            say(f"{name}{error.strerror}")
            return ENVIRONMENT
        case UnicodeEncodeError():
            say(f"not valid UTF-8: {error.object!r}; only names of files may hold such bytes")
            return WRONG_USE
        case MemoryError():
            say("out of memory")
            return ENVIRONMENT
    say(
        f"an error that should not happen ({type(error).__name__}: {error}). Please report it, "
        "with what LOOKALIKE_DEBUG=1 in front of the command prints"
    )
    return ENVIRONMENT


def status_of(error: LookalikeError) -> int:
    """The exit status of an error: whose fault it is."""
    if isinstance(error, UsageError):
        return WRONG_USE
    return ENVIRONMENT if isinstance(error, EnvironmentFailure) else FAILED


def _usage(error: click.UsageError) -> None:
    message = _shown(error.format_message())
    say(message[:1].lower() + message[1:])
    if error.ctx is not None:
        click.echo(f"Try '{error.ctx.command_path} --help'.", err=True)


def _shown(message: str) -> str:
    from lookalike.stores.milvus.address import message_without_secrets

    return message_without_secrets(message)


@contextlib.contextmanager
def _reader_may_leave() -> Iterator[None]:
    """End quietly when standard output is a pipe whose reader has gone, as with `| head`."""
    try:
        yield
    except BrokenPipeError:
        # Flushing at exit must not fail again.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(BROKEN_PIPE) from None
