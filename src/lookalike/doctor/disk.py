"""The disk of a collection, and the folder for temporary files."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from lookalike.doctor.finding import Finding, ok, problem, warning
from lookalike.views.text import milliseconds, size

_BLOCK = os.urandom(1 << 20)
"""Random, for some file systems store zeros in no time."""
_BLOCKS = 16
_COMMITS = 5
_SLOW = 30e6  # bytes a second
_SLOW_COMMIT_MS = 50.0
_LITTLE = 1 << 30
_TEMPORARY = 256 << 20
"""What a download or a conversion may need at a time."""
_SKEW_SECONDS = 2.0


def check(folder: Path, indexes: int = 0) -> Iterator[Finding]:
    """Room, speed and clock of the disk that a collection is on, or would be.

    Args:
        folder: the collection's; where it is not there, the nearest one above it.
        indexes: bytes of the collection's indexes, of which building makes second copies.
    """
    from lookalike.stores.local.room import MARGIN

    place = nearest(folder)
    yield room(place, MARGIN, indexes)
    if os.access(place, os.W_OK):
        yield from speed(place)
    else:
        yield warning(
            "disk speed",
            f"{place} cannot be written to",
            "searching works; to index, use a folder that is yours, or have it made yours",
        )
    yield temporary()


def nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    folder = Path(os.path.abspath(folder))
    while not folder.is_dir() and folder.parent != folder:
        folder = folder.parent
    return folder


def room(place: Path, margin: int, indexes: int) -> Finding:
    """Whether the disk has room."""
    try:
        usage = shutil.disk_usage(place)
    except OSError as error:
        return problem("disk", f"{place}: {error.strerror}", "mount it, or name another folder")
    found = f"{size(usage.free)} of {size(usage.total)} free at {place}"
    if usage.free < margin:
        return problem(
            "disk", found, f"nothing is written when less than {size(margin)} are free: make room"
        )
    if usage.free < 2 * indexes:
        return warning(
            "disk",
            f"{found}; the indexes are {size(indexes)}",
            "building one anew needs room for a second and, briefly, a third copy: make room",
        )
    if usage.free < _LITTLE:
        return warning("disk", found, "indexing will fill it soon: make room")
    return ok("disk", found)


def speed(place: Path) -> Iterator[Finding]:
    """How fast the disk takes what is written, and whether its clock is ours; leaves nothing."""
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".lookalike-doctor-") as file:
            clock = time.perf_counter()
            for _ in range(_BLOCKS):
                file.write(_BLOCK)
            file.flush()
            os.fsync(file.fileno())
            rate = _BLOCKS * len(_BLOCK) / (time.perf_counter() - clock)
            waits = []
            for _ in range(_COMMITS):
                clock = time.perf_counter()
                file.write(b"commit")
                file.flush()
                os.fsync(file.fileno())
                waits.append((time.perf_counter() - clock) * 1e3)
            skew = os.fstat(file.fileno()).st_mtime - time.time()
    except OSError as error:
        yield problem(
            "disk speed",
            f"a file cannot be written in {place}: {error.strerror or error}",
            "make room, or name another folder",
        )
        return
    wait = sorted(waits)[_COMMITS // 2]
    found = f"writes {size(rate)} a second, a commit takes {milliseconds(wait)}"
    if rate < _SLOW or wait > _SLOW_COMMIT_MS:
        yield warning(
            "disk speed",
            found,
            "indexing will wait for it: use a local solid-state disk, no network share",
        )
    else:
        yield ok("disk speed", found)
    yield file_times(skew)


def file_times(skew: float) -> Finding:
    """Whether the file system's clock agrees with this machine's; `skew` in seconds."""
    if abs(skew) <= _SKEW_SECONDS:
        return ok("file times", "agree with this machine's clock")
    ahead = "ahead of" if skew > 0 else "behind"
    return warning(
        "file times",
        f"{abs(skew):.1f} s {ahead} this machine's clock",
        "the file server has another time: files changed within that while may be taken for "
        "unchanged. Have both set their clocks by NTP",
    )


def temporary() -> Finding:
    """The folder for temporary files."""
    try:
        place = tempfile.gettempdir()
        free = shutil.disk_usage(place).free
    except OSError as error:
        return problem(
            "temporary files",
            f"there is no folder for them ({error.strerror or error})",
            "set TMPDIR to a folder that can be written to",
        )
    found = f"{place}, {size(free)} free"
    if free < _TEMPORARY:
        return warning(
            "temporary files", found, f"set TMPDIR to a folder with {size(_TEMPORARY)} free"
        )
    return ok("temporary files", found)
