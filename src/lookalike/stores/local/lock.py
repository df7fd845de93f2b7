"""One writer at a time: a lock on a file that says who holds it.

The engine does not guard its own files, so this is what keeps two writers apart. The kernel
drops the lock when its holder dies, however it dies.
"""

import os
import shlex
import sys
import time
from pathlib import Path

from lookalike.errors import CollectionLockedError, StoreError

if sys.platform == "win32":  # pragma: no cover - run on Windows only
    import msvcrt

    def _try_lock(handle: int) -> bool:
        # Windows locks bytes against reading too: take one far behind the text.
        os.lseek(handle, 1 << 30, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(handle: int) -> None:
        os.lseek(handle, 1 << 30, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


class WriterLock:
    """The exclusive right to write to the collection in `folder`, from creation to `release`.

    Raises:
        CollectionLockedError: another process, or this one, holds it; names the pid.
        StoreError: the file system cannot lock.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "lock"
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        except OSError as error:
            raise StoreError(
                f"Cannot write to the collection {folder}: {error.strerror}."
            ) from error
        try:
            if not _try_lock(handle):
                os.lseek(handle, 0, os.SEEK_SET)
                raise _locked(folder, os.read(handle, 1000))
            started = time.strftime("%Y-%m-%d %H:%M:%S")
            text = f"{os.getpid()}\n{started}\n{shlex.join(sys.orig_argv)[:500]}\n"
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, text.encode("utf-8", "replace"))
        except OSError as error:
            os.close(handle)
            raise StoreError(
                f"Cannot lock the collection {folder}: {error.strerror}. "
                "Keep collections on a local disk, not on a network share without locks."
            ) from error
        except CollectionLockedError:
            os.close(handle)
            raise
        self._handle = handle

    def release(self) -> None:
        """Let go; children that inherited the file hold nothing either."""
        _unlock(self._handle)
        os.close(self._handle)


def _locked(folder: Path, content: bytes) -> CollectionLockedError:
    lines = content.decode("utf-8", "replace").splitlines()
    pid = int(lines[0]) if lines and lines[0].isdigit() else None
    if pid == os.getpid():
        return CollectionLockedError(
            f"This program already has the collection {folder} open for writing (pid {pid}): "
            "use that one, close it first, or open it again with read_only=True.",
            pid,
        )
    holder = "Another process"
    if pid is not None and len(lines) >= 3:
        holder = f"Process {pid} (since {lines[1]}: {lines[2]})"
    return CollectionLockedError(
        f"{holder} has the collection {folder} open for writing: wait until it is done, "
        f"stop it{f' with `kill {pid}`' if pid else ''}, or open the collection read-only.",
        pid,
    )
