"""Deleting the records whose files are gone."""

import os
from collections.abc import Callable, Iterable

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
    """Delete the tenant's records under folders whose files are gone.

    A folder that is missing, unreadable or empty loses nothing, since that is how a disk looks
    that is not mounted; a failure says so. Files that only cannot be looked at are kept.

    Returns:
        How many records were deleted, and the folders that were left alone.
    """
    removed = 0
    failures = []
    for folder in folders:
        if why := _unsafe(folder):
            failures.append(Failure(from_path(folder), f"{why}; nothing under it was removed"))
            continue
        within = filters.uri_within(from_path(folder))
        gone: list[int] = []
        for record in store.scan(filters.all_of(filters.tenant_is(tenant), within)):
            if stopped():
                return removed, failures
            path = to_path(record.uri)
            if path is not None and is_gone(path):
                gone.append(record.id)
            if len(gone) == _BATCH:
                removed += store.delete(gone)
                gone = []
        if gone:
            removed += store.delete(gone)
    return removed, failures


def _unsafe(folder: str | os.PathLike[str]) -> str:
    """Why a folder's emptiness cannot be trusted, or nothing."""
    try:
        with os.scandir(folder) as entries:
            return "" if any(True for _ in entries) else "the folder is empty, as if not mounted"
    except NotADirectoryError:
        # A single picture was named: there is nothing below it to be removed.
        return ""
    except (OSError, ValueError) as error:
        return reason(error) if isinstance(error, OSError) else str(error)
