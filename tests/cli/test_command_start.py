"""How the command starts, and what it says when something goes wrong."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import lookalike
from lookalike.cli import COMMANDS, cli
from lookalike.cli.group import LazyGroup, report
from lookalike.errors import (
    CollectionLockedError,
    FetchError,
    FilterError,
    LookalikeError,
    NetworkError,
    NotFoundError,
    PictureError,
    RefusedUrlError,
    StoreError,
    WeightsError,
)

HEAVY = ("numpy", "PIL", "onnxruntime", "qdrant_edge", "httpx", "rich", "jinja2", "tokenizers")


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["search", "--help"], []])
def test_start_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys, atexit\n"
        f"atexit.register(lambda: print('heavy:', [m for m in {HEAVY!r} if m in sys.modules]))\n"
        f"sys.argv = ['lookalike', *{arguments!r}]\n"
        "from lookalike.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.endswith("heavy: []\n"), done.stdout


def test_version(run: Callable[..., click.testing.Result]) -> None:
    assert run("--version").stdout == f"lookalike {lookalike.__version__}\n"


def names() -> list[list[str]]:
    return [[], *[[name] for name in COMMANDS], *[["models", n] for n in ("list", "fetch")]]


@pytest.mark.parametrize("command", names(), ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(command: list[str], option: str, run: Callable[..., click.testing.Result]) -> None:
    text = run(*command, option).stdout
    assert text.startswith(f"Usage: {' '.join(['lookalike', *command])}")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_teaches_by_example(name: str, run: Callable[..., click.testing.Result]) -> None:
    text = run(name, "--help").stdout
    assert f"\n  lookalike {name}" in text


def test_wrong_command_gets_a_guess(run: Callable[..., click.testing.Result]) -> None:
    assert "did you mean 'search'?" in run("serach", status=2).stderr
    assert "there are index, report, search" in run("xyzzy", status=2).stderr
    assert "did you mean 'fetch'?" in run("models", "fech", status=2).stderr


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (FilterError("x"), 2),
        (NotFoundError("x"), 2),
        (PictureError("x"), 1),
        (FetchError("x"), 1),
        (NetworkError("x"), 3),
        (RefusedUrlError("x"), 2),
        (LookalikeError("x"), 1),
        (WeightsError("x"), 3),
        (StoreError("x"), 3),
        (CollectionLockedError("x", 7), 3),
        (OSError(28, "No space left on device", "/x"), 3),
        (UnicodeEncodeError("utf-8", "a\udcff", 1, 2, "surrogates not allowed"), 2),
        (MemoryError(), 3),
        (RuntimeError("x"), 3),
        (RecursionError(), 3),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (click.BadParameter("x"), 2),
        (click.FileError("x"), 2),
    ],
)
def test_each_error_has_its_status_and_one_line(
    error: BaseException, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command()
    def command() -> None:
        raise error

    monkeypatch.setattr(LazyGroup, "get_command", lambda *_: command)
    result = CliRunner().invoke(cli, ["search"])
    assert result.exit_code == status
    assert result.stdout == ""
    assert result.stderr.strip().startswith("lookalike: ")
    hint = ["Try 'cli search --help'."] if isinstance(error, click.UsageError) else []
    assert result.stderr.strip().splitlines()[1:] == hint


def test_debug_shows_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LOOKALIKE_DEBUG", raising=False)
    assert report(RuntimeError("boom")) == 3
    said = capsys.readouterr().err
    assert "RuntimeError: boom" in said
    assert "LOOKALIKE_DEBUG=1" in said
    assert "Traceback" not in said
    monkeypatch.setenv("LOOKALIKE_DEBUG", "1")
    report(PictureError("broken"))
    assert "PictureError: broken" in capsys.readouterr().err


def test_several_lines_stay_lines_and_escapes_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report(WeightsError("missing:\n  - here \x1b[31m\n  - there \udcff"))
    said = capsys.readouterr().err
    assert said == "lookalike: missing:\n  - here \\x1b[31m\n  - there \\udcff\n"


@pytest.mark.parametrize(
    "error",
    [
        NotFoundError("no file a\nlookalike: all deleted\x1b[31m"),
        PictureError("a\nlookalike: all deleted\x1b[31m: broken"),
        click.BadParameter("a\nlookalike: all deleted\x1b[31m"),
        OSError(28, "No space left on device", "/a\nlookalike: all deleted\x1b[31m"),
    ],
)
def test_line_breaks_of_a_name_forge_no_message(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    report(error)
    [line] = capsys.readouterr().err.splitlines()
    assert "a\\nlookalike: all deleted\\x1b[31m" in line


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell")
@pytest.mark.parametrize(
    ("arguments", "closed", "status", "said"),
    [
        ("search --stdin", "<&-", 2, "nothing came in"),
        ("models list", "<&-", 0, ""),
        ("models list", ">&-", 2, "standard output is closed"),
        ("--version", ">&-", 2, "standard output is closed"),
        ("models list", "2>&-", 0, ""),
        ("models licence nothing-such", "2>&-", 2, ""),
        ("models list", "<&- >&- 2>&-", 2, ""),
    ],
)
def test_closed_streams(arguments: str, closed: str, status: int, said: str) -> None:
    code = "from lookalike.cli import main; main()"
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {arguments} {closed}', sys.executable, code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert done.stderr.startswith(f"lookalike: {said}" if said else "")
    assert len(done.stderr.splitlines()) == bool(said)


def test_reader_that_goes_away_is_no_error() -> None:
    command = [sys.executable, "-c", "from lookalike.cli import main; main()", "--help"]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert done.returncode == 141
    assert done.stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_is_one_sentence(tmp_path: Path) -> None:
    code = (
        "import time, lookalike.cli.info as info\n"
        "from lookalike.cli import main\n"
        "def wait(*a, **k):\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(30)\n"
        "info.options.open_existing = wait\n"
        "import sys; sys.argv = ['lookalike', 'info']; main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=20)
    assert running.returncode == 130
    assert said.strip() == "lookalike: interrupted"


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("lingers", ["close", "exit"])
def test_further_ctrl_cs_end_at_once(lingers: str) -> None:
    """However slowly the first is obeyed: in the command, or when the interpreter ends."""
    code = (
        "import os, sys, threading, time, lookalike.cli.info as info\n"
        "from lookalike.cli import main\n"
        "lingers = os.environ['LINGERS']\n"
        "def wait(*a, **k):\n"
        "    if lingers == 'exit':\n"
        "        threading.Thread(target=time.sleep, args=(30,)).start()\n"
        "    try:\n"
        "        print('ready', flush=True)\n"
        "        time.sleep(30)\n"
        "    finally:\n"
        "        if lingers == 'close':\n"
        "            print('closing', flush=True)\n"
        "            time.sleep(30)\n"
        "info.options.open_existing = wait\n"
        "sys.argv = ['lookalike', 'info']; main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "LINGERS": lingers},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        if lingers == "close":
            assert running.stdout.readline() == "closing\n"
        for _ in range(20):
            if running.poll() is None:
                running.send_signal(signal.SIGINT)
            time.sleep(0.005)
        _, said = running.communicate(timeout=20)
    assert running.returncode == 130
    assert said.strip() in {"", "lookalike: interrupted"}


@pytest.mark.parametrize("environment", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}])
def test_any_locale_and_any_name(
    process: Callable[..., subprocess.CompletedProcess[str]],
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    done = process("search", b"./caf\xc3\xa9 \xff.jpg", status=2, env=environment, cwd=tmp_path)
    assert done.stderr.startswith("lookalike: there is no file")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str, run: Callable[..., click.testing.Result]) -> None:
    script = run("completion", shell).stdout
    assert f"_LOOKALIKE_COMPLETE={shell}_complete" in script


def test_completion_completes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from lookalike.cli import main; main()"],
        env={
            **os.environ,
            "_LOOKALIKE_COMPLETE": "bash_complete",
            "COMP_WORDS": "lookalike sea",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["plain,search"]
