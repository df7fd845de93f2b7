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
    assert terminal.show_hits(results, say=pytest.fail, first=11, console=console) is True
    assert isinstance(console.file, io.StringIO)
    drawn = console.file.getvalue()
    for expected in ("▀", "the file is gone", "0.950", "identical", "copy", "gone \\x1b[31m.jpg"):
        assert expected in drawn, expected
    assert "15 " in drawn
    assert "\x1b[31m.jpg" not in drawn


@pytest.mark.parametrize("error", [ZeroDivisionError, OSError, ValueError, RuntimeError])
def test_what_fails_in_the_terminal_leaves_room_for_the_table(
    error: type[Exception], answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from textual_image import renderable

    class Broken:
        def __init__(self, *_: object, **__: object) -> None:
            pass

        def __rich_console__(self, *_: object) -> None:
            raise error

    monkeypatch.setattr(renderable, "Image", Broken)
    console = canvas()
    heard: list[str] = []
    assert terminal.show_hits(answer(2), say=heard.append, console=console) is False
    assert terminal.show_picture(answer(1)[0].uri, say=heard.append, console=console) is False
    assert heard == [terminal.FAILED] * 2
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == ""


def test_a_terminal_that_fails_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    sit_at_terminal(monkeypatch)
    import textual_image

    class Broken:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "textual_image.renderable":
                raise ZeroDivisionError

    monkeypatch.delattr(textual_image, "renderable", raising=False)
    monkeypatch.delitem(sys.modules, "textual_image.renderable", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    heard: list[str] = []
    assert terminal.wanted(None, heard.append) is False
    assert terminal.wanted(True, heard.append) is False
    assert heard == [terminal.FAILED]


def test_no_pictures_where_none_has_room(answer: Answer) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=terminal.CELL - 1)
    heard: list[str] = []
    assert terminal.show_hits(answer(2), say=heard.append, console=console) is False
    assert heard == [terminal.NARROW]


def test_one_picture(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from textual_image import renderable

    monkeypatch.setattr(renderable, "Image", renderable.SixelImage)
    console = canvas()
    picture = str(min(photos.rglob("*.jpg")))
    assert terminal.show_picture(picture, say=pytest.fail, console=console) is True
    assert isinstance(console.file, io.StringIO)
    assert "\x1bP" in console.file.getvalue()
