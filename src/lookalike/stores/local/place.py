"""Where a new collection may be made, and taking one away."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from lookalike.errors import NotFoundError, StoreError, UsageError
from lookalike.stores.local import hashes, shards
from lookalike.stores.local.catalogue import FILE_NAME
from lookalike.stores.local.lock import WriterLock

_LOCK = "lock"
_TRIED = "tried-"
_OWN = {
    FILE_NAME,
    f"{FILE_NAME}-wal",
    f"{FILE_NAME}-shm",
    _LOCK,
    hashes.FOLDER,
    shards.FOLDER,
}
"""What a collection's folder holds; not the journals of moved files, which tell the way back."""


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
    strange = folder.is_dir() and any(path.name != _LOCK for path in folder.iterdir())
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


def remove_folder(folder: Path) -> None:
    """Delete the folder of a collection, which must hold nothing else.

    Raises:
        NotFoundError: there is no collection.
        UsageError: the folder holds other things, too.
        CollectionLockedError: another process has it open for writing.
        StoreError: it cannot be deleted.
    """
    if not (folder / FILE_NAME).is_file():
        raise NotFoundError(f"There is no collection at {folder}.")
    for path in folder.iterdir():
        if path.is_symlink() or not (path.name in _OWN or path.name.startswith(_TRIED)):
            raise UsageError(
                f"{folder} also holds {path.name}, which is not the collection's: move it away "
                "first. Nothing was deleted."
            )
    lock = WriterLock(folder)
    try:
        # The catalogue goes last, so that a removal that stopped can go on.
        for path in sorted(folder.iterdir(), key=lambda path: path.name == FILE_NAME):
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != _LOCK:
                path.unlink()
    except OSError as error:
        raise StoreError(f"Cannot delete {error.filename}: {error.strerror}.") from error
    finally:
        lock.release()
    shutil.rmtree(folder, ignore_errors=True)


def _cannot_make(folder: Path, error: OSError) -> NoReturn:
    raise StoreError(
        f"Cannot make the collection {folder}: {error.strerror}. Name a folder you may write to."
    ) from error
