"""Weights kept from an earlier download, and the way a download becomes one of them."""

import hashlib
import os
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
    return root() / "models" / card.name / file.name


def has(card: ModelCard, file: WeightFile) -> bool:
    """Whether the file is there with its full length; the digest is checked when it is used."""
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
