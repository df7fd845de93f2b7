"""Where a new collection may be made, and where things are tried beside it."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from lookalike.errors import NotFoundError, StoreError, UsageError

_TRIED = "tried-"


@contextlib.contextmanager
def tried_folder(folder: Path) -> Iterator[Path]:
    """A new folder within a collection's, gone when the block ends."""
    made = Path(tempfile.mkdtemp(prefix=_TRIED, dir=folder))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def remove_tried(folder: Path) -> None:
    """Remove what a process that died was trying; only the collection's writer may."""
    for path in folder.glob(f"{_TRIED}*"):
        shutil.rmtree(path, ignore_errors=True)


def make_folder(folder: Path, allowed: bool) -> None:
    """Make the folder of a new collection.

    Raises:
        UsageError: it is a file, or holds other things.
        NotFoundError: it is not there and may not be made.
        StoreError: it cannot be made.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, not a collection: name a folder.")
    strange = folder.is_dir() and any(path.name != "lock" for path in folder.iterdir())
    if strange:
        raise UsageError(
            f"{folder} is a folder that holds other things, not a collection: "
            "name a collection, or a folder that is new or empty."
        )
    if not allowed:
        raise NotFoundError(f"There is no collection at {folder}: make one with `lookalike index`.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _cannot_make(folder, error)


def _cannot_make(folder: Path, error: OSError) -> NoReturn:
    raise StoreError(
        f"Cannot make the collection {folder}: {error.strerror}. Name a folder you may write to."
    ) from error
