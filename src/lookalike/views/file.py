"""Files that people ask for, written whole or left as they were."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from lookalike.errors import UsageError


def file_to_write(given: str | os.PathLike[str], suffix: str = "") -> Path:
    """The path of a file to be written, looked at before any work begins.

    Raises:
        UsageError: it names no file, or not one that ends in `suffix`, or its folder is not there.
        OSError: no file can be made in that folder.
    """
    path = Path(given)
    if not path.name:
        raise UsageError(f"cannot write to {str(given)!r}: it needs the name of a file")
    if not path.name.lower().endswith(suffix):
        raise UsageError(f"cannot write {path}: give it a name that ends in {suffix}")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"cannot write {path}: there is no folder {path.absolute().parent}")
    target = os.path.realpath(path)
    if os.path.isfile(target) or not os.path.exists(target):
        check_writable(os.path.dirname(target), given)
    return path


def check_writable(folder: str | os.PathLike[str], given: str | os.PathLike[str]) -> None:
    """See whether files can be made in a folder; OSError, which names what was given, if not."""
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(given))


def write_file(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file at once: whoever reads it finds the old contents or all of the new.

    A link stays a link. What is no regular file, such as `/dev/stdout` or a pipe, is written to
    as it stands.

    Raises:
        OSError: the file cannot be written; names the file, whose old contents are still there.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        Path(path).write_bytes(data)
        return
    with replacing(path) as temporary:
        temporary.write_bytes(data)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary file's path to write to; it takes the file's place when all went well.

    It is beside the file, on the same disk; nothing of it stays when something fails.

    Raises:
        OSError: the file cannot be written; names the file, whose old contents are still there.
    """
    target = os.path.realpath(path)
    temporary = Path(os.path.dirname(target), f".lookalike-{os.urandom(8).hex()}")
    try:
        try:
            temporary.open("xb").close()
            yield temporary
            with temporary.open("r+b") as file:
                os.fsync(file.fileno())
            with contextlib.suppress(FileNotFoundError):
                os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), os.fspath(path)) from error
