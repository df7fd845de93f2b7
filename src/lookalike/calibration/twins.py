"""Which of a collection's own pictures are the same, and count as no wrong answer."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from lookalike import proof
from lookalike.copies.chosen import MADE_FOR_COPIES
from lookalike.copies.reading import decode_record
from lookalike.errors import LookalikeError, NotFoundError
from lookalike.imaging.ink import same_ink
from lookalike.imaging.plain import is_plain
from lookalike.records import Record
from lookalike.search.fingerprints import COPY_HASH
from lookalike.search.verdicts import COPY_RADIUS
from lookalike.stores.base import Store

if TYPE_CHECKING:
    from PIL.Image import Image

_SURE = 0.99
"""Score of a match that is taken for a proof."""

_MOST = 0.6
"""Smallest part of one of them that has to be in the other: less may be a shared background."""

_UNLIKE = 0.4
"""Cosine of copy descriptors below which two pictures share a background at most."""

_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Told:
    """Whether two records show the same picture, None where that cannot be told; and why."""

    same: bool | None
    why: str = ""


_OTHER = Told(False)


class OwnTwins:
    """Tells whether two records show the same picture, by strong evidence only.

    Same bytes, same pixels, or the pictures themselves: the same lines in the same places of two
    whose pHashes are near, or a proof by local features that the copy descriptor does not speak
    against. How near hashes are proves nothing by itself, for that is what is to be measured. A
    pair that a user has decided to be different is none; one that was kept as a duplicate is one.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._decided = {(one.first, one.second): one.kind for one in store.decisions()}
        names = {spec.name for spec in store.encoders()}
        self._descriptor = next((name for name in MADE_FOR_COPIES if name in names), None)
        self._hashed = COPY_HASH in names
        self._picture = lru_cache(16)(self._decoded)
        self._features = lru_cache(64)(self._extracted)
        self._known: dict[tuple[int, int], Told] = {}

    def told(self, one: Record, other: Record) -> Told:
        """What is known of two records."""
        pair = min(one.id, other.id), max(one.id, other.id)
        if pair not in self._known:
            self._known[pair] = self._told(one, other)
        return self._known[pair]

    def _told(self, one: Record, other: Record) -> Told:
        decided = self._decided.get((min(one.id, other.id), max(one.id, other.id)))
        if decided is not None:
            return _OTHER if decided == "different" else Told(True, "decided to be duplicates")
        if one.sha256 is not None and one.sha256 == other.sha256:
            return Told(True, "same bytes")
        if one.pixels is not None and one.pixels == other.pixels:
            return Told(True, "same pixels")
        apart = self._apart(one.id, other.id) if self._hashed else None
        near = apart is not None and apart <= COPY_RADIUS
        if not near and (not proof.available() or self._unlike(one.id, other.id)):
            return _OTHER
        try:
            return self._compared(one.id, other.id, apart if near else None)
        except (LookalikeError, OSError):
            return Told(None, "a file cannot be read")

    def _compared(self, one: int, other: int, near: int | None) -> Told:
        """By their files; `near` is the pHash distance of near ones."""
        pictures = self._picture(one), self._picture(other)
        if near is not None and same_ink(*pictures):
            return Told(True, f"pHash distance {near}, and the same lines in the same places")
        if any(map(is_plain, pictures)):  # whose letters and frames local features take for proof
            return _OTHER
        if not proof.available():
            return Told(None, f"pHash distance {near}; the extra `proof` can tell")
        match = proof.match(self._features(one), self._features(other))
        if match is None or match.score < _SURE:
            return _OTHER
        share = max(match.query_share, match.record_share)
        return Told(True, f"{share:.0%} of one is in the other") if share >= _MOST else _OTHER

    def _apart(self, one: int, other: int) -> int | None:
        hashes = self._store.vectors(COPY_HASH, [one, other])
        if len(hashes) < 2:
            return None
        return int(np.bitwise_count(hashes[one] ^ hashes[other]).sum())

    def _unlike(self, one: int, other: int) -> bool:
        if self._descriptor is None:
            return False
        vectors = self._store.vectors(self._descriptor, [one, other])
        return len(vectors) == 2 and float(vectors[one] @ vectors[other]) < _UNLIKE

    def _decoded(self, id_: int) -> "Image":
        (record,) = self._store.get([id_])
        if record is None:
            raise NotFoundError(f"the record {id_} was deleted meanwhile")
        return decode_record(record, min_side=proof.RECORD_SIDE, timeout=_SECONDS)

    def _extracted(self, id_: int) -> proof.Features:
        return proof.extract(self._picture(id_))
