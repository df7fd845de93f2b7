"""Weights kept from an earlier download, and the way a download becomes one of them."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import platformdirs
from filelock import FileLock

from lookalike.encoders.card import ModelCard, WeightFile

VARIABLE = "LOOKALIKE_CACHE"


class SourceError(Exception):
    """A source did not give the file, or gave another one; the message says why."""


def root() -> Path:
    """The cache folder: LOOKALIKE_CACHE, or the user's cache folder of this system."""
    value = os.environ.get(VARIABLE)
    return Path(value).expanduser() if value else platformdirs.user_cache_path("lookalike")


def place(card: ModelCard, file: WeightFile) -> Path:
    """Where a model's file is kept."""
    return root() / "models" / (file.folder or card.name) / file.name


def known(card: ModelCard, file: WeightFile) -> WeightFile:
    """The file with the digest of the card, or the one remembered when it was first fetched."""
    if file.sha256:
        return file
    try:
        sha256, length = _note(card, file).read_text(encoding="ascii").split()
        return replace(file, sha256=sha256, bytes=int(length))
    except (OSError, ValueError):
        return file


def remember(card: ModelCard, file: WeightFile) -> None:
    """Keep the digest of a file that the card has none for: from now on it is the only one."""
    _note(card, file).write_text(f"{file.sha256} {file.bytes}\n", encoding="ascii")


def _note(card: ModelCard, file: WeightFile) -> Path:
    path = place(card, file)
    return path.with_name(path.name + ".sha256")


def has(card: ModelCard, file: WeightFile) -> bool:
    """Whether the file is there with its full length; the digest is checked when it is used."""
    file = known(card, file)
    try:
        return bool(file.sha256) and place(card, file).stat().st_size == file.bytes
    except OSError:
        return False


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def lock(path: Path) -> FileLock:
    """The lock that whoever fetches this file holds; others wait for it.

    The system releases it when its process dies.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path.with_name(path.name + ".lock"))


def accept(part: Path, path: Path, file: WeightFile) -> None:
    """Move a finished download to its place, once it is the file the card names.

    The data reaches the disk before the name does, so that a crash leaves no half file.

    Raises:
        SourceError: it is another file; the download is deleted.
    """
    found = digest(part)
    if found != file.sha256:
        part.unlink()
        raise SourceError(f"wrong SHA-256: expected {file.sha256}, got {found}")
    with part.open("rb+") as stream:
        os.fsync(stream.fileno())
    part.replace(path)
