"""Progress on standard error: bars in a terminal, a line now and then elsewhere."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from lookalike.views.text import printable, size

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import ProgressColumn, Task, TaskID
    from rich.text import Text

    from lookalike.stores.base import Progress

LINE_EVERY_S = 10.0
"""Seconds between two lines where there is no terminal."""
_LONGEST_S = 100 * 3600.0
"""Time left beyond which nothing has really begun, and none is shown."""


@contextmanager
def progress(*, quiet: bool = False, prefix: str = "") -> "Iterator[Progress | None]":
    """Give the function to report progress to; None when nothing shall be shown.

    `prefix` begins the lines where there is no terminal, since logs of several may be one.
    """
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bars() as bars:
            yield bars
    else:
        yield Lines(lambda line: click.echo(prefix + line, err=True))


def is_bytes(stage: str) -> bool:
    """Whether a stage counts bytes; the others count pictures or records."""
    return stage.startswith("download")


class Lines:
    """Reports a stage every few seconds as a line of text; short stages not at all."""

    def __init__(
        self, write: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._write = write
        self._clock = clock
        self._lock = threading.Lock()
        self._stage = ""
        self._started = self._last = 0.0
        self._first = 0

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take note of one report."""
        with self._lock:
            now = self._clock()
            if stage != self._stage:
                self._stage, self._started, self._last, self._first = stage, now, now, done
            elif now - self._last >= LINE_EVERY_S:
                self._last = now
                self._write(self._line(done, total, now - self._started))

    def _line(self, done: int, total: int, seconds: float) -> str:
        show = size if is_bytes(self._stage) else "{:,}".format
        line = f"{printable(self._stage)}: {show(done)}"
        if total:
            line += f" of {show(total)}"
        rate = (done - self._first) / seconds
        if rate > 0:
            line += f", {show(rate) if is_bytes(self._stage) else f'{rate:,.1f}'}/s"
            line += _left((total - done) / rate)
        return line


def duration(seconds: float) -> str:
    """`45 s`, `3 min`, `2 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def _left(seconds: float) -> str:
    return f", {duration(seconds)} left" if 0 < seconds <= _LONGEST_S else ""


@contextmanager
def _bars() -> "Iterator[Progress]":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    bars = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[count]}", justify="right", markup=False),
        _rate_column(),
        console=Console(file=sys.stderr, highlight=False, markup=False, emoji=False),
        transient=True,
        expand=True,
    )
    with bars:
        yield _Bars(bars)


class _Bars:
    """One bar for each stage, in the order the stages begin."""

    def __init__(self, bars: "RichProgress") -> None:
        self._bars = bars
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        show = size if is_bytes(stage) else "{:,}".format
        count = f"{show(done)} of {show(total)}" if total else show(done)
        with self._lock:
            if stage not in self._tasks:
                self._tasks[stage] = self._bars.add_task(printable(stage), total=None, count="")
            self._bars.update(self._tasks[stage], completed=done, total=total or None, count=count)


def _rate_column() -> "ProgressColumn":
    from rich.progress import ProgressColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Rate, and the time left."""

        def render(self, task: "Task") -> "Text":
            speed = task.finished_speed or task.speed
            if not speed:
                return Text("")
            per_second = f"{size(speed)}/s" if is_bytes(task.description) else f"{speed:,.1f}/s"
            return Text(per_second + _left(task.time_remaining or 0), style="dim")

    return Rate()
