"""The command in terminals of every size, some of which answer nothing."""

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from lookalike.encoders import registry

pty = pytest.importorskip("pty", reason="pseudo-terminals of POSIX")

ESCAPES = re.compile(r"\x1b\[[\d;?]*[a-zA-Z]|\x1b_.*?\x1b\\")

InTerminal = Callable[..., str]


@pytest.fixture
def in_terminal(five: Path) -> InTerminal:
    """What a command shows in a terminal of some size, escape sequences left out."""

    def start(
        *arguments: str,
        columns: int = 100,
        rows: int = 30,
        status: int = 0,
        collection: bool = True,
    ) -> str:
        main_end, terminal_end = pty.openpty()
        fcntl.ioctl(main_end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES"}}
        code = "from lookalike.cli import main; main()"
        with subprocess.Popen(
            [sys.executable, "-c", code, *arguments, *(("-c", str(five)) if collection else ())],
            stdin=terminal_end,
            stdout=terminal_end,
            stderr=terminal_end,
            env={**environment, "TERM": "xterm-256color"},
        ) as running:
            os.close(terminal_end)
            shown = b""
            try:
                while part := os.read(main_end, 65536):
                    shown += part
            except OSError:
                pass  # how a pseudo-terminal ends on Linux
        os.close(main_end)
        text = ESCAPES.sub("", shown.decode()).replace("\r", "")
        assert running.returncode == status, text
        assert "Traceback" not in text
        assert "should not happen" not in text
        return text

    return start


def test_a_terminal_that_answers_nothing(in_terminal: InTerminal) -> None:
    pytest.importorskip("textual_image")
    text = in_terminal("search", "--id", "1", "-n", "2", "--pictures")
    assert "Failed" not in text
    assert "▀" in text
    text = in_terminal("show", "1", "--pictures")
    assert "Failed" not in text
    assert "▀" in text


@pytest.mark.parametrize(("columns", "rows"), [(100, 0), (0, 0)])
def test_a_terminal_without_rows(columns: int, rows: int, in_terminal: InTerminal) -> None:
    pytest.importorskip("textual_image")
    text = in_terminal("search", "--id", "1", "--pictures", columns=columns, rows=rows)
    assert "score" in text, "the table instead"
    assert text.count("lookalike:") == 1
    text = in_terminal("show", "1", "--pictures", columns=columns, rows=rows)
    assert "sha256" in text
    assert text.count("lookalike:") == 1


@pytest.mark.parametrize("columns", [1, 12, 20, 59])
def test_narrow_terminals_get_plain_lines(columns: int, in_terminal: InTerminal) -> None:
    text = in_terminal("search", "--id", "1", "-n", "2", columns=columns)
    first, second, *_ = text.splitlines()
    assert re.fullmatch(r"1 1\.000 identical 1 \S+\.jpg colour=grey", first)
    assert re.match(r"2 0\.\d{3} similar \d+ \S+\.jpg", second)
    assert "…" not in text
    assert len(in_terminal("list", columns=columns).splitlines()) == 5
    assert "health good" in in_terminal("info", columns=columns)


def test_wider_ones_a_table(in_terminal: InTerminal) -> None:
    text = in_terminal("search", "--id", "1", "-n", "2", columns=60)
    assert "identical" in text
    assert "…" not in text
    assert "score" in text


@pytest.mark.parametrize("columns", [50, 60, 80, 100, 120])
def test_models_are_never_cut(columns: int, in_terminal: InTerminal) -> None:
    text = in_terminal("models", "list", columns=columns, collection=False)
    assert "…" not in text
    assert "size" in text
    assert "mAP" in text
    for name in registry.names():
        assert re.search(rf"^ *{name} ", text, re.M), text
    if columns >= 60:
        assert all(len(line) <= columns for line in text.splitlines())
        assert "2,048 dimensions" in text
        assert re.search(r"^ *model +size +mAP +weights", text, re.M)
    assert ("licence" in text) is (columns in {50, 120}), text
