"""Files that people ask for, written whole or left as they were."""

import contextlib
import os
import stat
from pathlib import Path

from lookalike.errors import UsageError


def file_to_write(given: str | os.PathLike[str], suffix: str = "") -> Path:
    """The path of a file to be written, looked at before any work begins.

    Raises:
        UsageError: it names no file, or not one that ends in `suffix`, or its folder is not there.
    """
    path = Path(given)
    if not path.name:
        raise UsageError(f"cannot write to {str(given)!r}: it needs the name of a file")
    if not path.name.lower().endswith(suffix):
        raise UsageError(f"cannot write {path}: give it a name that ends in {suffix}")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"cannot write {path}: there is no folder {path.absolute().parent}")
    return path


def write_file(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file at once: whoever reads it finds the old contents or all of the new.

    A link stays a link. What is no regular file, such as `/dev/stdout` or a pipe, is written to
    as it stands.

    Raises:
        OSError: the file cannot be written; names the file, whose old contents are still there.
    """
    target = os.path.realpath(path)
    temporary = os.path.join(os.path.dirname(target), f".lookalike-{os.urandom(8).hex()}")
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            Path(path).write_bytes(data)
            return
        try:
            _write(temporary, data)
            with contextlib.suppress(FileNotFoundError):
                os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def _write(path: str, data: bytes) -> None:
    with open(path, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
