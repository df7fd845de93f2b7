"""Pictures in a terminal, and never anywhere else."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from lookalike.results import Results
from lookalike.views import terminal

Answer = Callable[..., Results]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def sit_at_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Called in the test itself: the test runner sets its own streams after the fixtures."""
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setenv("TERM", "xterm-256color")


def canvas() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=80, color_system="truecolor")


@pytest.mark.parametrize(("asked", "said"), [(None, []), (False, []), (True, ["no terminal"])])
def test_not_into_a_pipe(asked: bool | None, said: list[str]) -> None:
    heard: list[str] = []
    assert terminal.wanted(asked, heard.append) is False
    assert [part for part in said if part not in " ".join(heard)] == []
    assert bool(heard) is bool(said)


def test_only_where_the_terminal_can_or_the_user_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    sit_at_terminal(monkeypatch)
    from textual_image import renderable

    for kind, automatic in (
        (renderable.SixelImage, True),
        (renderable.TGPImage, True),
        (renderable.HalfcellImage, False),
    ):
        monkeypatch.setattr(renderable, "Image", kind)
        assert terminal.wanted(None, print) is automatic
        assert terminal.wanted(True, print) is True
        assert terminal.wanted(False, print) is False
    monkeypatch.setenv("TERM", "dumb")
    assert terminal.wanted(None, print) is False


def test_missing_package_is_said_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    sit_at_terminal(monkeypatch)
    monkeypatch.setitem(sys.modules, "textual_image", None)
    heard: list[str] = []
    assert terminal.wanted(None, heard.append) is False
    assert heard == []
    assert terminal.wanted(True, heard.append) is False
    assert "lookalike[terminal]" in heard[0]


@pytest.mark.filterwarnings("ignore:Image.Image.getdata:DeprecationWarning")  # textual-image's
def test_grid_of_hits(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    from textual_image import renderable

    monkeypatch.setattr(renderable, "Image", renderable.HalfcellImage)
    console = canvas()
    results = answer([answer(1)[0].uri, "/nowhere/gone \x1b[31m.jpg", *[h.uri for h in answer(3)]])
    terminal.show_hits(results, first=11, console=console)
    assert isinstance(console.file, io.StringIO)
    drawn = console.file.getvalue()
    for expected in ("▀", "the file is gone", "0.950", "identical", "copy", "gone \\x1b[31m.jpg"):
        assert expected in drawn, expected
    assert "15 " in drawn
    assert "\x1b[31m.jpg" not in drawn


def test_one_picture(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from textual_image import renderable

    monkeypatch.setattr(renderable, "Image", renderable.SixelImage)
    console = canvas()
    terminal.show_picture(str(min(photos.rglob("*.jpg"))), console=console)
    assert isinstance(console.file, io.StringIO)
    assert "\x1bP" in console.file.getvalue()
