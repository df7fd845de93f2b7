"""One picture file → its bytes, read once and only if it holds still."""

import os
import stat

from lookalike.errors import PictureError
from lookalike.imaging import Limits

# Without O_NONBLOCK, opening a FIFO that took the file's place would wait for ever.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_file(path: str, *, limits: Limits, expect: tuple[int, int] | None = None) -> bytes:
    """Read a whole regular file.

    `expect` is the (size in bytes, modification time in ns) that the caller has seen.

    Raises:
        PictureError: it is no regular file, empty, too large, not as expected, or it changed
            while it was being read.
        OSError: it cannot be opened or read.
    """
    descriptor = os.open(path, _FLAGS)
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise PictureError("not a regular file")
        limits.check_bytes(before.st_size)
        data = _read(descriptor, before.st_size + 1)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    seen = (before.st_size, before.st_mtime_ns)
    if (len(data), after.st_mtime_ns) != seen or expect not in {None, seen}:
        raise PictureError("the file changed while it was being read; index it again")
    return data


def is_gone(path: str | os.PathLike[str]) -> bool:
    """Whether there is surely nothing at a path, not even a broken link.

    What cannot be looked at (permissions, a failing disk) is not gone.
    """
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def reason(error: OSError) -> str:
    """An operating system's error in words, without the path, which the report shows anyway."""
    return (error.strerror or str(error) or type(error).__name__).lower()


def _read(descriptor: int, limit: int) -> bytes:
    parts = []
    while limit and (part := os.read(descriptor, limit)):
        parts.append(part)
        limit -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
