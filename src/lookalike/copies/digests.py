"""Records that are the query itself: the same bytes, or the same pixels in another file."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lookalike.copies.picture import QueryPicture
from lookalike.records import Record
from lookalike.search.fingerprints import Compared, Fingerprints
from lookalike.stores.base import Digest, Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lookalike.filters import Filter

_ROWS = 64


def same_bytes(
    store: Store, picture: QueryPicture, limit: int, where: "Filter | None", tenant: str | None
) -> set[int]:
    """The ids of records with the query's SHA-256, at most `limit`."""
    return _with(store, "sha256", picture.sha256, limit, where, tenant)


def same_pixels(
    store: Store, picture: QueryPicture, limit: int, where: "Filter | None", tenant: str | None
) -> set[int]:
    """The ids of records known to have the query's pixels, at most `limit`."""
    return _with(store, "pixels", picture.known_pixels, limit, where, tenant)


def compared(
    store: Store,
    picture: QueryPicture,
    copy_hash: "NDArray[np.uint8] | None",
    ids: Sequence[int],
) -> Compared:
    """The query beside some records, to tell which have the same bytes or pixels."""
    query = Fingerprints(
        picture.sha256,
        picture.width,
        picture.height,
        known_pixels=picture.known_pixels,
        whole=copy_hash,
        data=picture.data,
        record=picture.record,
    )
    return Compared.of(query, store, ids)


def _with(
    store: Store,
    kind: Digest,
    digest: bytes | None,
    limit: int,
    where: "Filter | None",
    tenant: str | None,
) -> set[int]:
    if digest is None:
        return set()
    found: set[int] = set()
    for record in _pages(store, kind, digest, tenant):
        if len(found) == limit:
            break
        if where is None or where.matches(record):
            found.add(record.id)
    return found


def _pages(store: Store, kind: Digest, digest: bytes, tenant: str | None) -> Iterator[Record]:
    after = -1
    while True:
        found = store.find_digests([digest], tenant, after, _ROWS, kind=kind).get(digest, [])
        yield from found
        if len(found) < _ROWS:
            return
        after = found[-1].id
