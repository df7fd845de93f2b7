"""Progress where there is no terminal, and where there is one."""

import io
import os
import sys

import pytest

from lookalike.cli.progress import Lines, duration, progress


class Clock:
    """A clock that only goes on when told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_line_now_and_then() -> None:
    written: list[str] = []
    clock = Clock()
    show = Lines(written.append, clock)
    for done in range(0, 1001, 10):
        show("encode", done, 1000)
        clock.now += 0.5
    assert written[0] == "encode: 200 of 1,000, 20.0/s, 40 s left"
    assert len(written) == 5
    assert written[-1] == "encode: 1,000 of 1,000, 20.0/s"


def test_short_stages_write_nothing() -> None:
    written: list[str] = []
    clock = Clock()
    show = Lines(written.append, clock)
    for stage in ("scan", "encode", "build"):
        show(stage, 0, 10)
        clock.now += 6
        show(stage, 10, 10)
    assert written == []


def test_bytes_and_unknown_totals() -> None:
    written: list[str] = []
    clock = Clock()
    show = Lines(written.append, clock)
    for stage, done, total in (("download clip", 20 * 2**20, 85 * 2**20), ("scan", 5000, 0)):
        show(stage, 0, total)
        clock.now += 10
        show(stage, done, total)
    assert written == [
        "download clip: 20.0 MiB of 85.0 MiB, 2.0 MiB/s, 32 s left",
        "scan: 5,000, 500.0/s",
    ]


def test_no_time_is_told_before_anything_has_begun() -> None:
    written: list[str] = []
    clock = Clock()
    show = Lines(written.append, clock)
    show("download resnet", 0, 90 * 2**20)
    clock.now += 60
    show("download resnet", 1100, 90 * 2**20)
    assert written == ["download resnet: 1.1 KiB of 90.0 MiB, 18 bytes/s"]


def test_a_second_run_of_a_stage_counts_from_where_it_began() -> None:
    written: list[str] = []
    clock = Clock()
    show = Lines(written.append, clock)
    show("encode", 900, 1000)
    clock.now += 10
    show("encode", 950, 1000)
    assert written == ["encode: 950 of 1,000, 5.0/s, 10 s left"]


def test_nothing_when_quiet() -> None:
    with progress(quiet=True) as show:
        assert show is None


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.2, "0 s"), (45, "45 s"), (150, "2 min"), (3599, "1 h 00 min"), (7500, "2 h 05 min")],
)
def test_duration(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_bars_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stderr, stdout = Terminal(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(sys, "stdout", stdout)
    for name in ("NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(os.environ, "TERM", "xterm-256color")
    monkeypatch.setitem(os.environ, "COLUMNS", "100")
    with progress() as show:
        assert show is not None
        show("download x", 1024, 4096)
        show("encode [red]", 5, 10)
        show("encode [red]", 10, 10)
        show("scan", 3, 0)
    drawn = stderr.getvalue()
    for expected in ("download x", "1.0 KiB of 4.0 KiB", "encode [red]", "10 of 10"):
        assert expected in drawn
    assert stdout.getvalue() == ""
