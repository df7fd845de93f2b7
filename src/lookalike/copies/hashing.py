"""Hashes of the query in every orientation, and what is near them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.copies.effort import Reach
from lookalike.copies.evidence import HashDistance, Look
from lookalike.copies.orientation import ORIENTATIONS, turned, turned_array
from lookalike.copies.picture import QueryPicture
from lookalike.copies.views import WHOLE
from lookalike.encoders.base import PreparesFlipped
from lookalike.records import EncoderSpec
from lookalike.search.fingerprints import FLAT_BITS
from lookalike.stores.base import Store

if TYPE_CHECKING:
    from PIL.Image import Image

    from lookalike.encoders.base import Encoder
    from lookalike.filters import Filter

RADIUS = 10
"""Bits of 64 within which a hash makes a candidate; of longer hashes in proportion.

More than any copy is called one for: what else is known of a candidate decides.
"""

_EACH = 20
"""Most candidates that one hash brings."""


@dataclass(frozen=True, eq=False)
class Hashes:
    """The query's hashes by one encoder: (n, bits/8) uint8, and how each was looked at."""

    spec: EncoderSpec
    rows: NDArray[np.uint8]
    looks: tuple[Look, ...]

    @property
    def whole(self) -> NDArray[np.uint8] | None:
        """The hash of the picture as it is."""
        return next(
            (row for row, look in zip(self.rows, self.looks, strict=True) if look == Look()), None
        )

    def near(self, store: Store, where: "Filter | None") -> set[int]:
        """The ids of records with a hash within `RADIUS` of one of these that says something."""
        radius = RADIUS * self.spec.size // 64
        found: set[int] = set()
        for row, flat in zip(self.rows, self._flat(), strict=True):
            if not flat:
                nearby = store.within(self.spec.name, row, radius, _EACH, where=where)
                found.update(one.id for one in nearby)
        return found

    def distances(self, store: Store, ids: Sequence[int]) -> dict[int, HashDistance]:
        """The smallest distance to each of some records; those without a hash are left out."""
        best: dict[int, HashDistance] = {}
        if not len(self.rows):
            return best
        flat = self._flat()
        whole = store.vectors(self.spec.name, ids)
        trimmed = store.trimmed(self.spec.name, ids)
        for record_trimmed, hashes in ((False, whole), (True, trimmed)):
            for id_, own in hashes.items():
                apart = np.bitwise_count(self.rows ^ own).sum(axis=1, dtype=np.int64)
                # What says something is always better than what does not.
                place = int(np.argmin(apart + np.where(flat, self.spec.size, 0)))
                one = HashDistance(
                    int(apart[place]),
                    self.spec.size,
                    self.looks[place],
                    record_trimmed=record_trimmed,
                    flat=bool(flat[place]),
                )
                if id_ not in best or one.distance < best[id_].distance:
                    best[id_] = one
        return best

    def _flat(self) -> NDArray[np.bool]:
        """Which of the hashes are of pictures with so little in them that they say nothing."""
        set_bits = np.bitwise_count(self.rows).sum(axis=1, dtype=np.int64)
        few: NDArray[np.bool] = set_bits < FLAT_BITS * self.spec.size // 64
        return few


def hashes_of(store: Store, encoder: "Encoder", picture: QueryPicture, reach: Reach) -> Hashes:
    """Hash a query, whole and without its borders, in as many orientations as is wished.

    Where the query is a record whose file is gone, there is only what is stored.
    """
    spec = encoder.spec
    if picture.image is None:
        assert picture.record is not None
        ids = [picture.record.id]
        kept = [(row, False) for row in store.vectors(spec.name, ids).values()]
        kept += [(row, True) for row in store.trimmed(spec.name, ids).values()]
        rows = np.array([row for row, _ in kept], np.uint8).reshape(-1, spec.size // 8)
        return Hashes(spec, rows, tuple(Look(trimmed=trimmed) for _, trimmed in kept))
    prepared: list[NDArray[Any]] = []
    found: list[Look] = []
    for image, look in _parts(picture, reach):
        for orientation, pixels in _orientations(encoder, image, reach):
            prepared.append(pixels)
            found.append(replace(look, orientation=orientation))
            if reach.inverted and look.box == WHOLE:
                prepared.append(_negative(pixels))
                found.append(replace(found[-1], inverted=True))
    return Hashes(spec, encoder.encode_prepared(prepared), tuple(found))


def _parts(picture: QueryPicture, reach: Reach) -> "Iterator[tuple[Image, Look]]":
    """The picture, what is within its borders, and the photographs that stand in it."""
    assert picture.image is not None
    yield picture.image, Look()
    if picture.trimmed is not None:
        yield picture.trimmed.image, Look(trimmed=True)
    if reach.regions:
        trimmed = picture.trimmed is not None
        for frame in picture.frames:
            yield frame.image, Look(0, frame.box, False, trimmed, frame.straightened)


def _orientations(
    encoder: "Encoder", image: "Image", reach: Reach
) -> Iterable[tuple[int, NDArray[Any]]]:
    """The picture as the encoder prepares it in each orientation."""
    first = encoder.prepare(image)
    yield 0, first
    if not reach.orientations:
        return
    if isinstance(encoder, PreparesFlipped):
        yield from _flipped(encoder.prepare_flipped(image))
    elif first.shape[0] == first.shape[1]:
        yield from _turned(first)
    else:
        yield from _prepared(encoder, image)


def _negative(pixels: NDArray[Any]) -> NDArray[Any]:
    """Grey 0..255, or bits of it, turned round."""
    return 255 - pixels if pixels.dtype.kind == "f" else ~pixels


def _turned(first: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """A small square of grey can be turned itself; the bits are those of the turned picture."""
    for orientation in ORIENTATIONS[1:]:
        yield orientation, turned_array(first, orientation)


def _flipped(both_ways: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Of one that looks at a flipped picture otherwise: what it sees, and that turned."""
    places = np.indices((2, 2)).transpose(1, 2, 0)
    for orientation in ORIENTATIONS[1:]:
        # What comes to lie in the upper left says which sides were reversed.
        down, across = turned_array(places, orientation)[0, 0]
        yield orientation, turned_array(both_ways[down, across], orientation)


def _prepared(encoder: "Encoder", image: "Image") -> Iterator[tuple[int, NDArray[Any]]]:
    for orientation in ORIENTATIONS[1:]:
        yield orientation, encoder.prepare(turned(image, orientation))
