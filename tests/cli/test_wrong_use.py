"""Every command with wrong arguments: a sentence and status 2, never a traceback."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "file.txt").write_text("no collection")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("index", "Usage"),
        ("index /nowhere/at/all", "there is no file or folder /nowhere/at/all"),
        ("index . --encoder clipp", "'clipp'"),
        ("index . --encoder ,", "--encoder needs names"),
        ("index . --set colour", "KEY=VALUE"),
        ("index . --set =red", "KEY=VALUE"),
        ('index . --set a={"b":1}', "a value is text"),
        ("index . --set a=[[1]]", "a value is text"),
        ("index . --attribute a:number,b:text", "--attribute a:number --attribute b:text"),
        ("index . --attribute a:number --attribute a:text", "--attribute names a twice"),
        ("index . --failures /nowhere/f.jsonl", "there is no folder /nowhere"),
        ("index . --failures .", "is a directory"),
        ("index . --limit 3", "no such option '--limit'"),
        ("index . -c s3://bucket", ""),
        ("search", "Usage"),
        ("search cat.jpg", "there is no file 'cat.jpg'"),
        ("search words", "lookalike index FOLDER"),
        ("search words -c else", "lookalike index FOLDER -c else"),
        ("search words -n many", "'many'"),
        ("search words -n 0", "0 is not in the range x>=1"),
        ("copies cat.jpg -n 0", "0 is not in the range x>=1"),
        ("search words --offset x", "'x'"),
        ("search words --threshold high", "'high'"),
        ("search words --html /nowhere/a.html", "there is no folder /nowhere"),
        ("search words --html .", "is a directory"),
        ("search words --png /nowhere/a.png", "there is no folder /nowhere"),
        ("search words --png a.jpg", "ends in .png"),
        ("search words --html ", "needs the name of a file"),
        ("search words --png ", "needs the name of a file"),
        ("index . --failures ", "needs the name of a file"),
        ("info -c \udcff", "must be valid UTF-8"),
        ("index . -c \udcff", "must be valid UTF-8"),
        ("search words -c \udcff", "must be valid UTF-8"),
        ("search words --within ", "--within needs"),
        ("search words -", "nothing follows"),
        ("search words -people", "no such option"),
        ("search --id abc", "not a record's id"),
        ("search --stdin", "nothing came in"),
        ("show", "Usage"),
        ("show 1", "lookalike index FOLDER"),
        ("show 1 2", "unexpected extra argument"),
        ("list", "lookalike index FOLDER"),
        ("list --limit -1", "-1"),
        ("list --after x", "'x'"),
        ("list extra", "unexpected extra argument"),
        ("delete", "Usage"),
        ("delete 1", "lookalike index FOLDER"),
        ("delete --yes", "what shall be deleted"),
        ("delete 1 --where a=1", "not both"),
        ("delete 1 --within .", "not both"),
        ("info", "lookalike index FOLDER"),
        ("info extra", "unexpected extra argument"),
        ("info -c file.txt", "file.txt"),
        ("list -c file.txt", "file.txt"),
        ("search words -c file.txt", "file.txt"),
        ("index . -c file.txt", "file.txt"),
        ("info -c .", ""),
        ("rebuild", "lookalike index FOLDER"),
        ("models", "Usage"),
        ("models list extra", "unexpected extra argument"),
        ("models fetch", "Usage"),
        ("models fetch nothing-such", "'nothing-such'"),
        ("models licence", "Usage"),
        ("models licence nothing-such", "'nothing-such'"),
        ("completion", "Usage"),
        ("completion tcsh", "'tcsh'"),
        ("nothing-such", "there is no command"),
        ("--nothing-such", "no such option"),
        ("", "Usage"),
    ],
)
def test_wrong_use(arguments: str, message: str, run: Run, empty_folder: Path) -> None:
    result = run(*arguments.split(" ") if arguments else (), status=None)
    assert message.lower() in result.stderr.lower()
    assert result.stdout == ""
    assert result.exit_code == 2, result.stderr
    assert sorted(path.name for path in empty_folder.iterdir()) == ["file.txt"], (
        "wrong use must leave nothing behind"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="file systems elsewhere want valid names")
def test_a_current_folder_that_is_no_text(
    run: Run, empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = empty_folder / os.fsdecode(b"\xff")
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert "must be valid UTF-8" in run("index", "..", status=2).stderr
    assert list(folder.iterdir()) == []
