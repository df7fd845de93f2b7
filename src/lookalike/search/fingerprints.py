"""What tells whether a record is the query's picture, or a copy of it: digests and hashes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lookalike.errors import PictureError
from lookalike.exact import decoded_digest, pixels_of
from lookalike.imaging import decode, pixels_digest
from lookalike.imaging.plain import is_plain_within
from lookalike.picture_input import PictureInput
from lookalike.records import Record
from lookalike.sources.uri import to_path
from lookalike.stores.base import Store

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

COPY_HASH = "phash"
"""The hash whose distance makes a hit a copy."""

FLAT_BITS = 8
"""Fewer bits set than this: the picture is so flat that its pHash says nothing.

The pHash compares each coefficient with their median, so half the bits of a picture with some
structure are set; of a plain colour, one or none.
"""

PIXELS_RADIUS = 2
"""Largest pHash distance of pictures whose pixels are worth comparing.

The same pixels have the same hash; files decoded at another scale may differ by a bit or two.
"""

_PLAIN_SIDE = 480
"""Pixels that the shorter side of a record keeps where it is asked whether it is plain."""

_MOST_READ = 5
"""Files that are read again for one query to compare pixels."""


class Nearest(NamedTuple):
    """The smallest distance of a query's copy hashes to a record's, and between which.

    `query_trimmed` and `record_trimmed` say whose hash is of the picture without its borders.
    """

    distance: int
    query_trimmed: bool
    record_trimmed: bool


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """The digests and the copy hashes of a query's picture, as far as they are known.

    `whole` and `trimmed` are (8,) uint8; for the pixels, `image` is the picture where it was
    decoded at full size, and `data` its file; `record` is the record that the query is. `plain`
    says that what is within its borders is mostly one plain ground.
    """

    sha256: bytes | None = None
    width: int | None = None
    height: int | None = None
    known_pixels: bytes | None = None
    whole: "NDArray[np.uint8] | None" = None
    trimmed: "NDArray[np.uint8] | None" = None
    border: str | None = None
    image: "Image | None" = None
    data: bytes | None = None
    record: Record | None = None
    plain: bool = False

    @property
    def is_decoded(self) -> bool:
        """Whether its pixels are known, or here to be digested."""
        return self.known_pixels is not None or self.image is not None

    def pixels(self, store: Store) -> bytes | None:
        """The digest of its pixels; decodes it in full where that has not been done."""
        known = self.known_pixels or self._digested
        if known is None and self.record is not None:
            known = pixels_of(store, self.record)
        return known

    @cached_property
    def is_plain(self) -> bool:
        """Whether what is within its borders is mostly one plain ground; a record is read again."""
        path = None if self.record is None else to_path(self.record.uri)
        if self.record is None or path is None:
            return self.plain
        try:
            data = PictureInput(self.record.uri, path=path).read()
            return is_plain_within(decode(data, min_side=_PLAIN_SIDE).image)
        except PictureError:
            return False

    @cached_property
    def _digested(self) -> bytes | None:
        if self.image is not None:
            return pixels_digest(self.image)
        try:
            return None if self.data is None else decoded_digest(self.data)
        except PictureError:
            return None


@dataclass(eq=False)
class Compared:
    """A query's fingerprints beside those of its hits."""

    query: Fingerprints
    store: Store
    whole: "Mapping[int, NDArray[Any]]" = field(default_factory=dict)
    trimmed: "Mapping[int, NDArray[Any]]" = field(default_factory=dict)
    _read: int = 0

    @staticmethod
    def of(query: Fingerprints, store: Store, ids: Sequence[int]) -> "Compared":
        """Fetch what the store has of some records."""
        if query.whole is None or not ids:
            return Compared(query, store)
        whole, trimmed = store.vectors(COPY_HASH, ids), store.trimmed(COPY_HASH, ids)
        return Compared(query, store, whole, trimmed)

    def same_bytes(self, record: Record) -> bool:
        """Whether a record has the query's SHA-256."""
        return self.query.sha256 is not None and self.query.sha256 == record.sha256

    def same_pixels(self, record: Record) -> bool:
        """Whether a record's pixels are the query's; of few records a file is read for it.

        Only of pictures of the same size and nearly the same copy hash.
        """
        query, own = self.query, self.whole.get(record.id)
        size = (query.width, query.height)
        if own is None or query.whole is None or None in size:
            return False
        if size != (record.width, record.height) or _apart(query.whole, own) > PIXELS_RADIUS:
            return False
        if record.pixels is None or not query.is_decoded:
            # So many flat pictures have the same hash that reading them is no use.
            if is_flat(query.whole) or self._read == _MOST_READ:
                return False
            self._read += 1
        pixels = query.pixels(self.store)
        return pixels is not None and pixels == pixels_of(self.store, record)

    def nearest(self, record: Record) -> Nearest | None:
        """The nearest of the copy hashes; None when there are none that say anything."""
        return min(self._distances(record.id), default=None)

    def _distances(self, key: int) -> Iterator[Nearest]:
        for mine, query_trimmed in ((self.query.whole, False), (self.query.trimmed, True)):
            if mine is None or is_flat(mine):
                continue
            for hashes, record_trimmed in ((self.whole, False), (self.trimmed, True)):
                if key in hashes:
                    yield Nearest(_apart(mine, hashes[key]), query_trimmed, record_trimmed)


def is_flat(copy_hash: "NDArray[np.uint8]") -> bool:
    """Whether a picture has so little in it that its copy hash says nothing."""
    return int(np.bitwise_count(copy_hash).sum()) < FLAT_BITS


def _apart(one: "NDArray[np.uint8]", other: "NDArray[np.uint8]") -> int:
    return int(np.bitwise_count(one ^ other).sum())
