"""Deleting the records whose files are gone."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from lookalike import filters
from lookalike.sources.base import Failure
from lookalike.sources.file import is_gone, reason
from lookalike.sources.uri import from_path, to_path
from lookalike.stores.base import Store

_BATCH = 1024


def prune(
    store: Store,
    folders: Iterable[str | os.PathLike[str]],
    *,
    tenant: str,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[int, list[Failure]]:
    """Delete the tenant's records of files under folders that are gone.

    A folder that is missing, unreadable or empty loses nothing, since that is how a disk looks
    that is not mounted; nor does one within it that is unreadable or empty. A failure says so.
    Files that only cannot be looked at are kept.

    Returns:
        How many records were deleted, and the folders that were left alone.
    """
    removed = 0
    failures: dict[str, Failure] = {}
    for folder in map(os.path.abspath, folders):
        if why := _unsafe(folder):
            failures[folder] = _left_alone(folder, why)
            continue
        within = filters.uri_within(from_path(folder))
        gone: list[int] = []
        for record in store.scan(filters.all_of(filters.tenant_is(tenant), within)):
            if stopped():
                return removed, list(failures.values())
            path = to_path(record.uri)
            # A name that came with bytes may look like a path; only a file has a time.
            if path is None or record.modified_ns is None or not is_gone(path):
                continue
            nearest = _nearest(path, folder)
            if why := _unsafe(nearest):
                failures[nearest] = _left_alone(nearest, why)
            else:
                gone.append(record.id)
            if len(gone) == _BATCH:
                removed += store.delete(gone)
                gone = []
        if gone:
            removed += store.delete(gone)
    return removed, list(failures.values())


def _nearest(path: Path, top: str) -> str:
    """The innermost folder above a path that is there, `top` at the highest."""
    folder = os.path.dirname(path)
    while len(folder) > len(top) and is_gone(folder):
        folder = os.path.dirname(folder)
    return folder


def _left_alone(folder: str, why: str) -> Failure:
    return Failure(from_path(folder), f"{why}; nothing under it was removed")


def _unsafe(folder: str) -> str:
    """Why a folder's emptiness cannot be trusted, or nothing."""
    try:
        with os.scandir(folder) as entries:
            return "" if any(True for _ in entries) else "the folder is empty, as if not mounted"
    except NotADirectoryError:
        # A picture was named, or has taken the folder's place: there is nothing below it.
        return ""
    except (OSError, ValueError) as error:
        return reason(error) if isinstance(error, OSError) else str(error)
