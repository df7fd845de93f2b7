"""Where collections are copied from and to, and how they are opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import TYPE_CHECKING

from lookalike.collection import Collection
from lookalike.errors import NotFoundError
from lookalike.opening import open_collection

if TYPE_CHECKING:
    from lookalike.stores.base import Store

Place = str | PathLike[str] | Collection
"""A folder, an address, or a collection that is open."""


@contextmanager
def opened(place: Place, *, read_only: bool = False) -> "Iterator[Store]":
    """The store of a collection that is there; closed afterwards unless the caller had it open."""
    if isinstance(place, Collection):
        yield place._store
        return
    with open_collection(place, create=False, read_only=read_only) as collection:
        yield collection._store


@contextmanager
def opened_target(target: Place, source: "Store", *, read_only: bool) -> "Iterator[Store]":
    """The target's store; one that is not there is made, and declares what the source does."""
    if isinstance(target, Collection) or read_only:
        with opened(target, read_only=read_only) as store:
            yield store
        return
    try:
        collection = open_collection(target, create=False)
    except NotFoundError:
        collection = open_collection(target, attributes=source.declared())
    with collection:
        yield collection._store
