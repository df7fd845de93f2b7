"""Files that people ask for: whole or as they were, and never something else under their name."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from lookalike.errors import UsageError
from lookalike.results import Results
from lookalike.views import file as file_module
from lookalike.views.file import write_file
from lookalike.views.html import write_page
from lookalike.views.png import write_grid


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.txt"
    path.write_bytes(b"old")
    return path


def test_new_and_replaced(tmp_path: Path, old: Path) -> None:
    fresh = tmp_path / "fresh.txt"
    umask = os.umask(0o027)
    try:
        write_file(fresh, b"new")
    finally:
        os.umask(umask)
    assert fresh.read_bytes() == b"new"
    if os.name != "nt":
        assert stat.S_IMODE(fresh.stat().st_mode) == 0o640
        old.chmod(0o604)
    write_file(old, b"new")
    assert old.read_bytes() == b"new"
    if os.name != "nt":
        assert stat.S_IMODE(old.stat().st_mode) == 0o604
    assert sorted(tmp_path.iterdir()) == [fresh, old]


def test_a_folder_that_cannot_be_written_to_is_known_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def access(folder: str, mode: int) -> bool:
        asked.append(folder)
        return False

    monkeypatch.setattr(file_module.os, "access", access)  # root may write anywhere
    with pytest.raises(PermissionError) as caught:
        file_module.file_to_write(tmp_path / "a.npy")
    assert caught.value.filename == str(tmp_path / "a.npy")
    assert asked == [os.path.realpath(tmp_path)]
    file_module.file_to_write(os.devnull)


def test_the_longest_of_names(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    write_file(path, b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_keeps_the_old_file_and_names_it(
    step: str, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file_module.os, step, fail)
    with pytest.raises(OSError, match="No space left") as caught:
        write_file(old, b"new")
    assert caught.value.filename == str(old)
    assert old.read_bytes() == b"old"
    assert list(old.parent.iterdir()) == [old]


@pytest.mark.skipif(os.name == "nt", reason="links and devices of POSIX")
def test_links_and_devices_stay_what_they_are(tmp_path: Path, old: Path) -> None:
    link, broken = tmp_path / "link", tmp_path / "broken"
    link.symlink_to(old)
    broken.symlink_to(tmp_path / "fresh")
    write_file(link, b"new")
    write_file(broken, b"fresh")
    assert link.is_symlink()
    assert broken.is_symlink()
    assert old.read_bytes() == b"new"
    assert (tmp_path / "fresh").read_bytes() == b"fresh"
    write_file(Path(os.devnull), b"new")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    read, write = os.pipe()
    write_file(Path(f"/dev/fd/{write}"), b"new")
    assert os.read(read, 10) == b"new"
    os.close(read)
    os.close(write)


def test_a_page_and_a_grid_that_fail_leave_the_old_ones(
    answer: Callable[..., Results], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file_module.os, "replace", fail)
    for write, name in ((write_page, "page.html"), (write_grid, "grid.png")):
        path = tmp_path / name
        path.write_bytes(b"old")
        with pytest.raises(OSError, match=name):
            write(answer(1), path)
        assert path.read_bytes() == b"old"
        assert sorted(p.name for p in tmp_path.iterdir() if p.suffix not in {".html", ".png"}) == []


@pytest.mark.parametrize("name", ["grid.jpg", "grid", "grid.png.txt"])
def test_a_png_is_named_so(name: str, answer: Callable[..., Results], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in \.png"):
        answer(1).plot(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    assert answer(1).plot(tmp_path / "GRID.PNG").is_file()


@pytest.mark.parametrize("write", [write_page, write_grid])
@pytest.mark.parametrize("name", ["", "."])
def test_a_file_needs_a_name(
    name: str, write: Callable[..., Path], answer: Callable[..., Results]
) -> None:
    with pytest.raises(UsageError, match="name"):
        write(answer(1), name)
