"""Records that are the query itself: the same bytes, or the same pixels in another file."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from lookalike.copies.evidence import Evidence, Look
from lookalike.copies.picture import QueryPicture
from lookalike.exact import pixels_of
from lookalike.records import Record
from lookalike.search.verdicts import COPY_HASH
from lookalike.stores.base import Digest, Store

if TYPE_CHECKING:
    from lookalike.filters import Filter

_PIXELS_RADIUS = 2
"""Largest pHash distance of pictures whose pixels are worth comparing.

The same pixels have the same hash; files decoded at another scale may differ by a bit or two.
"""

_FILES = 5
"""Most files that are read again to compare pixels."""

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
    return _with(store, "pixels", picture.pixels_at_hand, limit, where, tenant)


def with_same_pixels(
    store: Store,
    picture: QueryPicture,
    candidates: Mapping[int, tuple[Record, Evidence]],
) -> set[int]:
    """Those of the candidates that have the query's pixels, which files may be read for."""
    alike = [
        record
        for record, evidence in candidates.values()
        if not (evidence.same_bytes or evidence.same_pixels) and _may_be(picture, record, evidence)
    ]
    if not alike or picture.pixels is None:
        return set()
    return {one.id for one in alike[:_FILES] if pixels_of(store, one) == picture.pixels}


def _may_be(picture: QueryPicture, record: Record, evidence: Evidence) -> bool:
    hashed = evidence.hashes.get(COPY_HASH)
    return (
        (picture.width, picture.height) == (record.width, record.height)
        and hashed is not None
        and hashed.distance <= _PIXELS_RADIUS
        and hashed.look == Look()
        and not hashed.record_trimmed
    )


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
