"""One step, done or undone from whatever state a crash left it in."""

import contextlib
import os
from pathlib import Path

from lookalike.duplicates.moving.files import (
    is_link_to,
    make_link,
    part_of,
    put,
    sha256_of,
    sync_folder,
)
from lookalike.duplicates.moving.plan import Step


def carry_out(step: Step) -> Path:
    """Move or link one file; doing it again after a crash goes on where that was.

    Returns:
        Where the file is now.

    Raises:
        ValueError: it is not done, and why: a file has changed, or something is in the way.
        OSError: the same, by the system.
    """
    source, best = Path(step.source), Path(step.best)
    _clear(step)
    if sha256_of(best) != step.best_sha256:
        raise ValueError(f"the one to keep, {best}, has changed since it was indexed")
    if not step.target:
        _turn_into_link(step, source, best)
        return source
    target = Path(step.target)
    new = not _is(target, step.sha256)
    if new:
        _check(source, step.sha256)
        _make_folders(Path(step.folder), target.parent)
        put(source, target, step.sha256)
    try:
        _leave(step, source, best)
    except (OSError, ValueError):
        if new:
            target.unlink()
        raise
    sync_folder(source.parent)
    return target


def _leave(step: Step, source: Path, best: Path) -> None:
    """Take away the old name of a file that has its new one, or put a link there."""
    if os.path.lexists(source) and not (step.link and is_link_to(source, best)):
        # It is still the file itself: the other name of the target, or what was copied from.
        _check(source, step.sha256)
        if step.link:
            _replace(source, best, step)
        else:
            source.unlink()
    elif step.link and not os.path.lexists(source):
        make_link(best, source, step.link)


def undo(step: Step) -> Path:
    """Bring one file back; doing it again after a crash goes on where that was.

    Raises:
        ValueError: it is not done, and why.
        OSError: the same, by the system.
    """
    source, best = Path(step.source), Path(step.best)
    _clear(step)
    if not step.target:
        _turn_into_file(step, source, best)
        return source
    target = Path(step.target)
    if not os.path.lexists(target):
        _check(source, step.sha256)
        return source
    _check(target, step.sha256)
    if step.link and is_link_to(source, best) and not is_link_to(source, target):
        source.unlink()
    if not _is(source, step.sha256):
        source.parent.mkdir(parents=True, exist_ok=True)
        put(target, source, step.sha256)
    target.unlink()
    sync_folder(target.parent)
    return source


def _turn_into_link(step: Step, source: Path, best: Path) -> None:
    """Put a link to the best in the place of a file with the same bytes, in one moment."""
    if is_link_to(source, best):
        return
    _check(source, step.sha256)
    if step.sha256 != step.best_sha256:
        raise ValueError("its bytes are others than the best one's")
    _replace(source, best, step)
    sync_folder(source.parent)


def _replace(source: Path, best: Path, step: Step) -> None:
    part = part_of(source, step.sha256)
    make_link(best, part, step.link)
    try:
        os.replace(part, source)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _turn_into_file(step: Step, source: Path, best: Path) -> None:
    """Put a file of its own in the place of a link to the best."""
    if not is_link_to(source, best):
        _check(source, step.sha256)
        return
    if sha256_of(best) != step.sha256:
        raise ValueError(f"{best} has changed since it was linked to")
    part = part_of(source, step.sha256)
    try:
        part.write_bytes(best.read_bytes())
        with part.open("r+b") as file:
            os.fsync(file.fileno())
        os.utime(part, ns=(step.modified_ns, step.modified_ns))
        os.replace(part, source)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    sync_folder(source.parent)


def _clear(step: Step) -> None:
    """Remove what a crash left of a copy that never got its name, or has it already."""
    for place in (step.source, step.target):
        if place:
            part_of(Path(place), step.sha256).unlink(missing_ok=True)


def _is(path: Path, sha256: str) -> bool:
    """Whether that file is there; ValueError when another is."""
    if not os.path.lexists(path):
        return False
    if path.is_symlink() or not path.is_file() or sha256_of(path) != sha256:
        raise ValueError(f"there is something else at {path}")
    return True


def _check(path: Path, sha256: str) -> None:
    if not path.is_symlink() and path.is_file() and sha256_of(path) == sha256:
        return
    raise ValueError(f"{path} is not the file that was indexed")


def _make_folders(root: Path, folder: Path) -> None:
    """Make a folder and those above it; none below the root may be a link that leads elsewhere."""
    for path in (folder, *folder.parents):
        if path == root:
            break
        if path.is_symlink():
            raise ValueError(f"{path} is a link")
    folder.mkdir(parents=True, exist_ok=True)
