import os
import socket
from itertools import pairwise
from pathlib import Path

import pytest

from lookalike.errors import NotFoundError, UsageError
from lookalike.imaging import Limits
from lookalike.sources.base import Failure, Item
from lookalike.sources.folder import FolderSource
from lookalike.sources.uri import from_path


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def walk(*paths, **options) -> list[str]:
    """What a walk finds, in order; failures as (uri, reason)."""
    found = FolderSource(paths, limits=Limits(), **options)
    return [item.uri if isinstance(item, Item) else (item.uri, item.reason) for item in found]


def below(top: Path, found: list[str]) -> list[str]:
    return [os.path.relpath(uri, top) for uri in found]


def test_all_the_way_down_in_order(tmp_path):
    touch(*(tmp_path / name for name in ("b.jpg", "a.PNG", "z/c.webp", "m/n/o/d.jpeg", "m/e.gif")))
    assert below(tmp_path, walk(tmp_path)) == [
        "a.PNG",
        "b.jpg",
        "m/e.gif",
        "m/n/o/d.jpeg",
        "z/c.webp",
    ]


def test_item_holds_facts_and_bytes(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"hello")
    (item,) = FolderSource([tmp_path], limits=Limits())
    status = (tmp_path / "a.jpg").stat()
    assert (item.size, item.modified_ns) == (5, status.st_mtime_ns)
    assert item.read() == b"hello"


def test_junk_and_hidden_are_left_out(tmp_path):
    junk = (
        ".git/a.jpg",
        "@eaDir/a.jpg",
        "__MACOSX/a.jpg",
        ".hidden.jpg",
        "._a.jpg",
        ".DS_Store",
        "Thumbs.db",
        "a.jpg.part",
        "a.jpg.crdownload",
        "a.txt",
    )
    touch(*(tmp_path / name for name in junk), tmp_path / "kept.jpg")
    assert below(tmp_path, walk(tmp_path)) == ["kept.jpg"]


def test_what_is_named_is_tried_whatever_it_is(tmp_path):
    touch(tmp_path / ".hidden" / "picture", tmp_path / ".hidden" / "b.jpg", tmp_path / "c.txt")
    named = tmp_path / ".hidden" / "picture"
    found = walk(named, tmp_path / "c.txt", tmp_path / ".hidden", ignore=["*"])
    assert below(tmp_path, found) == [".hidden/picture", "c.txt"]
    assert below(tmp_path, walk(tmp_path / ".hidden")) == [".hidden/b.jpg"]


def test_named_twice_found_once(tmp_path):
    touch(tmp_path / "a" / "b" / "c.jpg")
    paths = (tmp_path, tmp_path / "a" / "b", tmp_path / "a" / "b" / "c.jpg", tmp_path)
    assert below(tmp_path, walk(*paths)) == ["a/b/c.jpg"]


@pytest.mark.parametrize(
    ("patterns", "kept"),
    [
        (["*.png"], ["a/raw/1.jpg", "a/x.jpg", "raw/2.jpg"]),
        (["raw/"], ["a/x.jpg", "a/y.png"]),
        (["/raw"], ["a/raw/1.jpg", "a/x.jpg", "a/y.png"]),
        (["a/**/*.jpg"], ["a/y.png", "raw/2.jpg"]),
        (["*.jpg", "!x.jpg"], ["a/x.jpg", "a/y.png"]),
        (["a/raw/*"], ["a/x.jpg", "a/y.png", "raw/2.jpg"]),
        (["# a comment", ""], ["a/raw/1.jpg", "a/x.jpg", "a/y.png", "raw/2.jpg"]),
    ],
)
def test_ignore_patterns(tmp_path, patterns, kept):
    touch(*(tmp_path / name for name in ("a/raw/1.jpg", "a/x.jpg", "a/y.png", "raw/2.jpg")))
    assert sorted(below(tmp_path, walk(tmp_path, ignore=patterns))) == kept


def test_bad_pattern_is_refused(tmp_path):
    with pytest.raises(UsageError, match="gitignore"):
        FolderSource([tmp_path], limits=Limits(), ignore=["!"])


def test_ignore_file_holds_where_it_lies_and_the_user_overrules(tmp_path):
    touch(*(tmp_path / name for name in ("a/1.jpg", "a/b/2.jpg", "a/b/3.png", "c/1.jpg")))
    (tmp_path / "a" / ".lookalikeignore").write_text("*.jpg\n")
    assert below(tmp_path, walk(tmp_path)) == ["a/b/3.png", "c/1.jpg"]
    (tmp_path / "a" / "b" / ".lookalikeignore").write_text("!2.jpg\n")
    assert below(tmp_path, walk(tmp_path)) == ["a/b/2.jpg", "a/b/3.png", "c/1.jpg"]
    kept = below(tmp_path, walk(tmp_path, ignore=["!1.jpg", "2.jpg"]))
    assert kept == ["a/1.jpg", "a/b/3.png", "c/1.jpg"]


def test_bad_ignore_file_is_reported_and_the_rest_found(tmp_path):
    touch(tmp_path / "a.jpg")
    (tmp_path / ".lookalikeignore").write_text("!\n")
    (uri, reason), found = walk(tmp_path)
    assert uri.endswith(".lookalikeignore")
    assert "gitignore" in reason
    assert found.endswith("a.jpg")


def test_links_to_folders_are_followed_once_and_last(tmp_path):
    touch(tmp_path / "top" / "real" / "a.jpg", tmp_path / "elsewhere" / "b.jpg")
    (tmp_path / "top" / "a_link").symlink_to(tmp_path / "top" / "real")
    (tmp_path / "top" / "b_link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "top" / "real" / "up").symlink_to(tmp_path / "top")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "top" / "b_link")
    found = below(tmp_path / "top", walk(tmp_path / "top"))
    assert found == ["real/a.jpg", "b_link/b.jpg"]


def test_link_to_a_file_is_a_picture_of_its_own(tmp_path):
    touch(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").symlink_to("a.jpg")
    assert below(tmp_path, walk(tmp_path)) == ["a.jpg", "b.jpg"]


def test_broken_and_endless_links_are_reported(tmp_path):
    (tmp_path / "broken.jpg").symlink_to("nothing")
    (tmp_path / "endless.jpg").symlink_to("endless.jpg")
    (broken, why), (endless, also) = walk(tmp_path)
    assert (os.path.basename(broken), why) == ("broken.jpg", "a link to a file that is not there")
    assert os.path.basename(endless) == "endless.jpg"
    assert "symbolic links" in also


def test_what_is_no_regular_file_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "fifo.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.jpg"))
        found = walk(tmp_path, "/dev/zero")
    assert found == [
        (str(tmp_path / "fifo.jpg"), "not a regular file"),
        (str(tmp_path / "socket.jpg"), "not a regular file"),
        ("/dev/zero", "not a regular file"),
    ]


def test_fifo_that_takes_a_files_place_does_not_block(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    (item,) = FolderSource([path], limits=Limits())
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Exception, match="not a regular file"):
        item.read()


@pytest.mark.parametrize("change", ["longer", "shorter", "later", "replaced"])
def test_file_that_changed_since_it_was_found(tmp_path, change):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"hello")
    (item,) = FolderSource([path], limits=Limits())
    if change == "later":
        os.utime(path, ns=(1, 1))
    else:
        path.write_bytes({"longer": b"hello!", "shorter": b"hi", "replaced": b"HELLO"}[change])
        os.utime(path, ns=(item.modified_ns + 1, item.modified_ns + (change == "replaced")))
    with pytest.raises(Exception, match="changed while"):
        item.read()


def test_file_that_vanished(tmp_path):
    touch(tmp_path / "a.jpg")
    (item,) = FolderSource([tmp_path], limits=Limits())
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(FileNotFoundError):
        item.read()


def test_file_over_the_limit_is_not_read(tmp_path):
    with open(tmp_path / "a.jpg", "wb") as file:
        file.truncate(1 << 40)
    (item,) = FolderSource([tmp_path], limits=Limits())
    with pytest.raises(Exception, match="too large"):
        item.read()


def test_unreadable_folder_is_reported(tmp_path, monkeypatch):
    touch(tmp_path / "a" / "1.jpg", tmp_path / "b" / "2.jpg")
    scandir = os.scandir

    def refuse(path):
        # Permissions do not bind root, under whom tests may run.
        if os.path.basename(path) == "a":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    failure, found = walk(tmp_path)
    assert failure == (
        str(tmp_path / "a"),
        "the folder cannot be read: permission denied",
    )
    assert found == str(tmp_path / "b" / "2.jpg")


def test_some_paths_missing(tmp_path):
    touch(tmp_path / "a.jpg")
    found = walk(tmp_path / "no", tmp_path)
    assert found == [str(tmp_path / "a.jpg"), (str(tmp_path / "no"), "no such file or directory")]


def test_all_paths_missing(tmp_path):
    with pytest.raises(NotFoundError, match=r"no such file or folder: .*no.*nix"):
        FolderSource([tmp_path / "no", tmp_path / "nix" / "x"], limits=Limits())


@pytest.mark.parametrize("name", ["a" * 300 + ".jpg", "a\0b.jpg"])
def test_names_that_cannot_be(tmp_path, name):
    touch(tmp_path / "a.jpg")
    found = FolderSource([tmp_path, tmp_path / name], limits=Limits())
    good, bad = found
    assert isinstance(good, Item)
    assert isinstance(bad, Failure)


def test_no_paths():
    with pytest.raises(UsageError, match="nothing to index"):
        FolderSource([], limits=Limits())


def test_own_folder_is_skipped(tmp_path):
    touch(tmp_path / "a.jpg", tmp_path / "photos.lookalike" / "thumb.jpg")
    assert below(tmp_path, walk(tmp_path, skip=[tmp_path / "photos.lookalike"])) == ["a.jpg"]


def test_deep_folders_are_walked_until_the_system_refuses(tmp_path):
    # Deeper than Python's recursion limit, and in the end longer than a path can be.
    here = os.open(tmp_path, os.O_RDONLY)
    depth = 2100
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        deeper = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(os.open("a.jpg", os.O_CREAT | os.O_WRONLY, dir_fd=deeper))
        os.close(here)
        here = deeper
    os.close(here)
    found = walk(tmp_path)
    _remove_deep(tmp_path, depth)
    failures = [one for one in found if not isinstance(one, str)]
    assert len(found) - len(failures) > 1900
    assert 1 <= len(failures) < 10
    assert all("too long" in reason for _, reason in failures)


def _remove_deep(top: Path, depth: int) -> None:
    """Shorten from the top, since the bottom has no path."""
    for _ in range(depth - 1):
        os.rename(top / "d", top / "old")
        (top / "old" / "a.jpg").unlink()
        os.rename(top / "old" / "d", top / "d")
        (top / "old").rmdir()


def test_names_that_are_not_utf8(tmp_path):
    raw = os.fsdecode(b"caf\xe9.jpg")
    touch(tmp_path / raw)
    (item,) = FolderSource([tmp_path], limits=Limits())
    assert item.uri == from_path(tmp_path / raw)
    assert item.uri.startswith("file:///")
    assert item.read() == b"x"


def test_count_runs_ahead(tmp_path):
    touch(*(tmp_path / f"{i:04}.jpg" for i in range(600)))
    source = FolderSource([tmp_path], limits=Limits())
    told = []
    source.count(told.append, lambda: False)
    assert told == [256, 512, 600]
    assert all(a < b for a, b in pairwise(told))
    told.clear()
    source.count(told.append, lambda: True)
    assert told == [256]


def test_urls_among_the_paths_are_fetched_when_read(tmp_path, monkeypatch):
    touch(tmp_path / "a.jpg")
    url = "https://pictures.example/b.png?size=1"
    seen = []

    def fetch(*args, **options):
        seen.append((args, options))
        return b"bytes"

    monkeypatch.setattr("lookalike.sources.url.fetch", fetch)
    limits = Limits(max_bytes=77)
    source = FolderSource([url, tmp_path, url], limits=limits, ignore=["*.png"])
    file, fetched = source
    assert file.uri == from_path(tmp_path / "a.jpg")
    assert (fetched.uri, fetched.size, fetched.modified_ns) == (url, None, None)
    assert seen == []
    assert fetched.read() == b"bytes"
    assert seen == [((url,), {"limits": limits})]
    counts = []
    source.count(counts.append, lambda: False)
    assert counts == [2]


def test_a_url_and_a_path_that_is_not_there(tmp_path):
    failure, url = FolderSource(["HTTP://a.example/b.jpg", tmp_path / "no"], limits=Limits())
    assert url.uri == "HTTP://a.example/b.jpg"
    assert failure.uri == from_path(tmp_path / "no")
