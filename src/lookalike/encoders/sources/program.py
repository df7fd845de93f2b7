"""Runs a program that downloads, such as pip, and tells how far it is."""

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_POLL = 0.2  # seconds


@contextmanager
def scratch_folder(part: Path) -> Iterator[Path]:
    """A folder beside `part` to download to, taken away at the end, whatever happened.

    The caller holds the lock of that file, so what is there already was left by a process that
    was killed.
    """
    for left in part.parent.glob(f"{part.name}-*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{part.name}-", dir=part.parent) as folder:
        yield Path(folder)


def run(
    command: Sequence[str],
    folder: Path,
    progress: Callable[[int], None],
    *,
    inside: bool = False,
) -> tuple[int, list[str]]:
    """Run a program that downloads to a folder; it is stopped when we are.

    Args:
        command: the program and its arguments.
        folder: where all that it writes comes to lie, temporary files too.
        progress: called with the bytes in the folder so far.
        inside: run it in that folder, so that no settings of the present one count.

    Returns:
        Its exit status, and the lines it printed.

    Raises:
        OSError: it cannot be started, or it says that the disk is full.
    """
    # Downloads often go to the system's temporary folder first: have it in ours, to see it grow
    # and to take it away with the rest.
    scratch = folder / "tmp"
    scratch.mkdir()
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
    with subprocess.Popen(  # noqa: S603 - our own arguments
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,  # no file: a full disk would keep why it stopped to itself
        stderr=subprocess.STDOUT,
        cwd=folder if inside else None,
        env={**os.environ, **temporary},
    ) as process:
        try:
            while True:
                try:
                    said, _ = process.communicate(timeout=_POLL)
                    break
                except subprocess.TimeoutExpired:
                    progress(_bytes_in(folder))
        finally:
            if process.poll() is None:
                process.kill()
    lines = said.decode(errors="replace").strip().splitlines()
    if process.returncode and any("no space left on device" in line.lower() for line in lines):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    return process.returncode, lines


def _bytes_in(folder: Path) -> int:
    """Bytes of all files below a folder that another process writes to."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).stat().st_size
            except OSError:  # moved meanwhile
                continue
    return total
