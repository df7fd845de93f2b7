"""Which of a collection's own pictures are the same, and count as no wrong answer."""

from functools import lru_cache

import numpy as np

from lookalike import proof
from lookalike.copies.chosen import MADE_FOR_COPIES
from lookalike.copies.reading import decode_record
from lookalike.errors import LookalikeError, NotFoundError
from lookalike.records import Record
from lookalike.search.fingerprints import COPY_HASH
from lookalike.search.verdicts import COPY_RADIUS
from lookalike.stores.base import Store

_SURE = 0.99
"""Score of a match that is taken for a proof."""

_MOST = 0.6
"""Smallest part of one of them that has to be in the other: less may be a shared background."""

_UNLIKE = 0.4
"""Cosine of copy descriptors below which two pictures share a background at most."""

_SECONDS = 10.0


class OwnTwins:
    """Tells whether two records show the same picture, by strong evidence only.

    Same bytes, same pixels, a pHash distance within the shipped radius, or a proof by local
    features that the copy descriptor does not speak against. A pair that a user has decided to be
    different is none; one that was kept as a duplicate is one.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._decided = {(one.first, one.second): one.kind for one in store.decisions()}
        names = {spec.name for spec in store.encoders()}
        self._descriptor = next((name for name in MADE_FOR_COPIES if name in names), None)
        self._hashed = COPY_HASH in names
        self._features = lru_cache(64)(self._extract)
        self._known: dict[tuple[int, int], str] = {}

    def why(self, one: Record, other: Record) -> str:
        """How it is known that they are the same; empty when it is not."""
        pair = min(one.id, other.id), max(one.id, other.id)
        if pair not in self._known:
            self._known[pair] = self._why(one, other)
        return self._known[pair]

    def _why(self, one: Record, other: Record) -> str:
        decided = self._decided.get((min(one.id, other.id), max(one.id, other.id)))
        if decided is not None:
            return "" if decided == "different" else "decided to be duplicates"
        if one.sha256 is not None and one.sha256 == other.sha256:
            return "same bytes"
        if one.pixels is not None and one.pixels == other.pixels:
            return "same pixels"
        if self._hashed:
            near = self._apart(one.id, other.id)
            if near is not None and near <= COPY_RADIUS:
                return f"pHash distance {near}"
        return self._proof(one, other)

    def _apart(self, one: int, other: int) -> int | None:
        hashes = self._store.vectors(COPY_HASH, [one, other])
        if len(hashes) < 2:
            return None
        return int(np.bitwise_count(hashes[one] ^ hashes[other]).sum())

    def _proof(self, one: Record, other: Record) -> str:
        if not proof.available() or self._unlike(one.id, other.id):
            return ""
        try:
            match = proof.match(self._features(one.id), self._features(other.id))
        except (LookalikeError, OSError):
            return ""
        if match is None or match.score < _SURE:
            return ""
        share = max(match.query_share, match.record_share)
        return f"{share:.0%} of one is in the other" if share >= _MOST else ""

    def _unlike(self, one: int, other: int) -> bool:
        if self._descriptor is None:
            return False
        vectors = self._store.vectors(self._descriptor, [one, other])
        return len(vectors) == 2 and float(vectors[one] @ vectors[other]) < _UNLIKE

    def _extract(self, id_: int) -> proof.Features:
        (record,) = self._store.get([id_])
        if record is None:
            raise NotFoundError(f"the record {id_} was deleted meanwhile")
        image = decode_record(record, min_side=proof.RECORD_SIDE, timeout=_SECONDS)
        return proof.extract(image)
