"""`lookalike search`, on the example photographs."""

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

import lookalike
from lookalike.cli import options
from lookalike.collection import Collection

Run = Callable[..., Result]


@pytest.fixture
def search(run: Run, indexed_once: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Search the example photographs, from their folder; read beside other tests."""
    monkeypatch.chdir(photos)

    def start(*arguments: str, **options: object) -> Result:
        return run("search", *arguments, "-c", str(indexed_once), **options)

    return start


@pytest.fixture
def picture(photos: Path) -> str:
    return min(photos.rglob("*.jpg")).relative_to(photos).as_posix()


def test_table(run: Run, five: Path, snapshot: Callable[..., None]) -> None:
    result = run("search", "--id", "1", "-n", "3", "-c", str(five))
    snapshot("search-table", result.stdout)
    snapshot("search-summary", result.stderr)
    assert "\x1b" not in result.output


def test_json(search: Run, picture: str) -> None:
    result = search(picture, "--json", "-n", "4")
    [line] = result.stdout.splitlines()
    answer = json.loads(line)
    assert list(answer)[:4] == ["query", "encoder", "took_ms", "hits"]
    assert set(answer["took_ms"]) == {"decode", "encode", "search"}
    assert len(answer["hits"]) == 4
    for hit in answer["hits"]:
        assert {"id", "uri", "score", "distance", "verdict", "attributes"} <= set(hit)
    assert answer["hits"][0]["verdict"] == "identical"
    assert answer["encoder"] == "mobilenet-v3-large"
    assert answer["query"] == picture
    assert result.stderr == ""


def test_pages_follow_one_another(search: Run, picture: str) -> None:
    def ids(*arguments: str) -> list[int]:
        answer = json.loads(search(picture, "--json", *arguments).stdout)
        return [hit["id"] for hit in answer["hits"]]

    assert ids("-n", "3") + ids("-n", "3", "--offset", "3") == ids("-n", "6")
    assert "\n4 " in search(picture, "-n", "3", "--offset", "3").stdout


def test_nothing_found_is_status_1(search: Run, picture: str) -> None:
    result = search(picture, "--offset", "100000", status=1)
    assert result.stdout == ""
    assert "nothing found" in result.stderr
    answer = json.loads(search(picture, "--where", "width < 0", "--json", status=1).stdout)
    assert answer["hits"] == []


def test_narrowed(search: Run, picture: str, photos: Path) -> None:
    folder = picture.rpartition("/")[0]
    answer = json.loads(search(picture, "--within", folder, "-n", "50", "--json").stdout)
    assert {Path(h["uri"]).parent for h in answer["hits"]} == {photos / folder}
    close = json.loads(search(picture, "--threshold", "0.9", "--json").stdout)["hits"]
    assert all(hit["score"] >= 0.9 for hit in close)
    search(picture, "--tenant", "nobody", status=1)


def test_by_id_by_mixture_and_by_hash(search: Run, picture: str, photos: Path) -> None:
    first = json.loads(search(picture, "--json").stdout)["hits"]
    by_id = json.loads(search("--id", str(first[0]["id"]), "--json").stdout)["hits"]
    assert [hit["id"] for hit in by_id] == [hit["id"] for hit in first]
    other = max(photos.rglob("*.jpg")).relative_to(photos).as_posix()
    mixed = json.loads(search(picture, "+", "0.01", other, "--json").stdout)
    assert mixed["hits"][0]["id"] == first[0]["id"]
    assert mixed["query"] == f"{picture} + 0.01 {other}"
    hashed = json.loads(search(picture, "--encoder", "phash", "--json", "-n", "1").stdout)
    assert hashed["encoder"] == "phash"
    assert hashed["hits"][0]["distance"] == 0


def test_picture_from_standard_input(search: Run, picture: str, photos: Path) -> None:
    data = (photos / picture).read_bytes()
    answer = json.loads(search("--stdin", "--json", input=data).stdout)
    assert answer["hits"][0]["uri"] == str(photos / picture)
    search("--stdin", input=b"no picture", status=1)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["a cat"], 2, "words"),
        (["--id", "999999"], 2, "no record with id 999999"),
        (["PICTURE", "--threshold", "2"], 2, "0 to 1"),
        (["PICTURE", "--threshold", "nan"], 2, "0 to 1"),
        (["PICTURE", "-n", "-1"], 2, "-1"),
        (["PICTURE", "--where", "price <"], 2, "price <"),
        (["a cat", "--template", "a photo"], 2, "no place for the words"),
        (["PICTURE", "--template", "a {}"], 2, "the query has none"),
        (["PICTURE", "--encoder", "nothing-such"], 2, "nothing-such"),
        (["PICTURE", "--encoder", "PHASH"], 2, "Did you mean phash?"),
        (["PICTURE", "+", "PICTURE", "--encoder", "phash"], 2, "hash"),
        (["CREDITS.tsv"], 1, "CREDITS.tsv"),
        (["http://127.0.0.1:9/a.jpg"], 2, "127.0.0.1"),
        (["http://missing.invalid/a.jpg"], 3, "no connection to the host"),
        (["http://host:port/a.jpg"], 2, "not a URL"),
    ],
)
def test_refused(
    arguments: list[str], status: int, message: str, search: Run, picture: str
) -> None:
    arguments = [picture if part == "PICTURE" else part for part in arguments]
    result = search(*arguments, status=status)
    assert message in result.stderr
    assert result.stdout == ""


def test_page_and_grid(search: Run, picture: str, tmp_path: Path) -> None:
    page, grid = tmp_path / "page.html", tmp_path / "grid.png"
    result = search(picture, "--html", str(page), "--png", str(grid), "--json")
    assert len(json.loads(result.stdout)["hits"]) == 10
    assert page.read_text(encoding="utf-8").count("<li ") == 10
    with Image.open(grid) as image:
        assert image.format == "PNG"


def test_beside_a_writer(
    run: Run, indexed_path: Path, picture: str, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos)
    monkeypatch.setattr(options, "LOCK_SECONDS", 0.1)
    code = (
        "import sys, lookalike\n"
        "with lookalike.open(sys.argv[1]) as collection:\n"
        "    print('open', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(indexed_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        at = ("-c", str(indexed_path))
        result = run("search", picture, "--json", *at)
        assert json.loads(result.stdout)["hits"][0]["verdict"] == "identical"
        assert f"process {writer.pid} has the collection open" in result.stderr
        assert "exact scan" in result.stderr
        run("list", *at, "-n", "1")
        run("show", picture, *at)
        run("info", *at)
        for command in (["index", picture], ["delete", picture], ["rebuild"]):
            refused = run(*command, *at, status=3)
            assert str(writer.pid) in refused.stderr
        writer.communicate("")
    run("info", *at)


def test_a_writer_waits_for_one_that_is_soon_done(
    run: Run, indexed_path: Path, picture: str, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos)
    asleep = time.sleep
    for command in (["index", picture], ["delete", "1"], ["rebuild"]):
        other = lookalike.open(indexed_path)

        def let_go(seconds: float, other: Collection = other) -> None:
            other.close()
            asleep(seconds)

        monkeypatch.setattr(options.time, "sleep", let_go)
        run(*command, "-c", str(indexed_path))


def test_a_collection_that_may_only_be_read(
    search: Run, picture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def refuse(path: str | Path, flags: int, *more: int, **named: int) -> int:
        # Permissions do not bind root, under whom tests may run.
        if os.path.basename(path) == "lock" and flags & os.O_RDWR:
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", refuse)
    result = search(picture, "--json")
    assert json.loads(result.stdout)["hits"][0]["verdict"] == "identical"
    assert "cannot be opened for writing" in result.stderr
    assert "exact scan" in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals of POSIX")
def test_in_a_terminal(indexed_once: Path, picture: str, photos: Path) -> None:
    import pty

    main_end, terminal_end = pty.openpty()
    command = [sys.executable, "-c", "from lookalike.cli import main; main()"]
    with subprocess.Popen(
        [*command, "search", picture, "-n", "2", "-c", str(indexed_once), "--no-pictures"],
        cwd=photos,
        stdin=terminal_end,
        stdout=terminal_end,
        stderr=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
        text=True,
    ) as running:
        os.close(terminal_end)
        shown = b""
        try:
            while part := os.read(main_end, 65536):
                shown += part
        except OSError:
            pass  # how a pseudo-terminal ends on Linux
        running.communicate()
    os.close(main_end)
    text = shown.decode()
    assert running.returncode == 0
    assert picture in text
    assert str(photos) not in text, "paths are relative to the current folder"
    assert "\x1b[" in text


def test_a_label_names_the_hits(run: Run, five: Path, tmp_path: Path) -> None:
    to = ("--html", str(tmp_path / "a.html"), "--png", str(tmp_path / "a.png"))
    found = run("search", "--id", "1", "-c", str(five), "--label", "colour", *to)
    assert found.stdout.splitlines()[0].split()[-1] == "colour"
    assert found.stdout.count("grey") == 5
    assert (tmp_path / "a.html").read_text().count(">grey<") == 5
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    other = run("search", "--id", "1", "-c", str(five), "--label", "size")
    assert "no hit has the attribute 'size'" in other.stderr
