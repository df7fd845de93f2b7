"""Moving a file so that it is whole at one of two places at every moment, and nothing is lost."""

import contextlib
import errno
import hashlib
import os
import shutil
from pathlib import Path

_NO_LINK = {
    errno.EXDEV,
    errno.EPERM,
    errno.EACCES,
    errno.EMLINK,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.ENOSYS,
}
"""Another disk, or a file system without hard links."""

_CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """The digest of a file's bytes, in hexadecimal digits; a link is not followed."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Put a folder's changed names on disk, where the system can."""
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def put(source: Path, target: Path, sha256: str) -> None:
    """Make `target` the same file as `source`, or a checked copy of it; never overwrite.

    Raises:
        FileExistsError: something is at the target.
        OSError: it cannot be written; nothing of it stays.
        ValueError: what was written is not what was to be copied.
    """
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        _copy(source, target, sha256)
    sync_folder(target.parent)


def part_of(target: Path, sha256: str) -> Path:
    """Where a copy is made before it takes its name; a crash may leave it there."""
    return target.with_name(f".lookalike-{sha256[:24]}.part")


def _copy(source: Path, target: Path, sha256: str) -> None:
    part = part_of(target, sha256)
    with contextlib.suppress(FileNotFoundError):
        part.unlink()
    try:
        with source.open("rb") as old, part.open("xb") as new:
            shutil.copyfileobj(old, new, _CHUNK)
            new.flush()
            os.fsync(new.fileno())
        shutil.copystat(source, part)
        if sha256_of(part) != sha256:
            raise ValueError("the copy is not the same as the file")
        try:
            os.link(part, target)
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            if os.path.lexists(target):
                raise FileExistsError(errno.EEXIST, "something is there", str(target)) from None
            os.rename(part, target)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def make_link(best: Path, place: Path, kind: str) -> None:
    """Put a link to `best` at a place where nothing is.

    Raises:
        FileExistsError: something is there.
        OSError: it cannot be made, as a hard link to another disk.
    """
    if kind == "hard":
        os.link(best, place)
    else:
        os.symlink(best, place)


def is_link_to(place: Path, best: Path) -> bool:
    """Whether a place holds a link to `best`, hard or symbolic."""
    try:
        if os.path.islink(place):
            return os.readlink(place) == str(best)
        return os.path.samefile(place, best)
    except OSError:
        return False
