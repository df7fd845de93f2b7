"""What a member of a group is to its best: the verdict and the reason in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.copies.orientation import words
from lookalike.duplicates.plan import LIKELY_BITS, Plan
from lookalike.duplicates.turned import least_bits
from lookalike.exact import pixels_of
from lookalike.records import Record, Verdict
from lookalike.search.verdicts import spoken
from lookalike.stores.base import Store
from lookalike.views.text import name_of

PIXELS_BITS = 2
"""Pictures of the same size whose pHashes differ by no more may hold the same pixels."""


_NEIGHBOURS = 256
"""Most members of a group that are looked through for the one that a member is a copy of."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept of the members of some groups, by id.

    `hashes` are (k, bits/8) uint8, of the whole picture and, where it has one, without its border;
    `vectors` (dim,) float32; `pixels` the digests of pixels that were decoded on the way.
    """

    hashes: Mapping[int, NDArray[np.uint8]] = field(default_factory=dict)
    vectors: Mapping[int, NDArray[Any]] = field(default_factory=dict)
    pixels: dict[int, bytes | None] = field(default_factory=dict)

    @classmethod
    def read(cls, store: Store, plan: Plan, ids: Sequence[int]) -> "Known":
        """Read it from a store."""
        hashes: dict[int, NDArray[np.uint8]] = {}
        vectors: Mapping[int, NDArray[Any]] = {}
        if plan.hash:
            trimmed = store.trimmed(plan.hash, ids)
            for id_, whole in store.vectors(plan.hash, ids).items():
                both = [whole, trimmed[id_]] if id_ in trimmed else [whole]
                hashes[id_] = np.stack(both)
        if plan.encoder:
            vectors = store.vectors(plan.encoder, ids)
        return cls(hashes, vectors)

    def bits(self, first: int, second: int) -> tuple[int, bool] | None:
        """The smallest distance of two records' hashes, and whether it takes a trimmed one."""
        if first not in self.hashes or second not in self.hashes:
            return None
        a, b = self.hashes[first], self.hashes[second]
        distances = np.bitwise_count(a[:, None] ^ b[None]).sum(axis=2, dtype=np.int64)
        least = int(distances.min())
        return least, int(distances[0, 0]) > least

    def turned(self, first: int, second: int) -> tuple[int, int] | None:
        """The same with the first in whichever orientation is nearest, and that orientation."""
        if first not in self.hashes or second not in self.hashes:
            return None
        a, b = self.hashes[first], self.hashes[second]
        bits, orientations = least_bits(np.repeat(a, len(b), axis=0), np.tile(b, (len(a), 1)))
        least = int(bits.argmin())
        return int(bits[least]), int(orientations[least])

    def cosine(self, first: int, second: int) -> float | None:
        """The cosine of two records' embeddings."""
        if first not in self.vectors or second not in self.vectors:
            return None
        a, b = self.vectors[first], self.vectors[second]
        return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))


def relation(
    store: Store, plan: Plan, known: Known, best: Record, record: Record, proofs: Mapping[Any, str]
) -> tuple[Verdict, str] | None:
    """What a record is to the best one; None when nothing kept says that it is a copy of it."""
    if best.sha256 is not None and best.sha256 == record.sha256:
        return Verdict.IDENTICAL, "same bytes"
    if best.pixels is not None and best.pixels == record.pixels:
        return Verdict.IDENTICAL, "same pixels"
    near = known.bits(best.id, record.id)
    if near is not None and near[0] <= plan.radius:
        if near[0] <= PIXELS_BITS and _same_pixels(store, known, best, record):
            return Verdict.IDENTICAL, "same pixels"
        trimmed = " without a border" if near[1] else ""
        return Verdict.COPY, f"{spoken(plan.hash)} distance {near[0]}{trimmed}"
    cosine = known.cosine(best.id, record.id)
    if cosine is not None and cosine >= plan.sure:
        return Verdict.COPY, f"{plan.encoder} {cosine:.2f}"
    if cosine is not None and cosine >= plan.likely:
        turned = known.turned(record.id, best.id)
        if turned is not None and turned[0] <= LIKELY_BITS:
            lying = ", ".join(filter(None, [f"distance {turned[0]}", words(turned[1])]))
            return Verdict.COPY, f"{plan.encoder} {cosine:.2f}, {spoken(plan.hash)} {lying}"
    proof = proofs.get(frozenset((best.id, record.id)))
    return (Verdict.COPY, proof) if proof else None


def by_way_of(
    store: Store,
    plan: Plan,
    known: Known,
    record: Record,
    neighbours: Sequence[Record],
    proofs: Mapping[Any, str],
) -> tuple[Verdict, str]:
    """The same by way of another member, for one that is no copy of the best by itself."""
    for other in neighbours[:_NEIGHBOURS]:
        found = relation(store, plan, known, other, record, proofs)
        if found is not None:
            return Verdict.COPY, f"{found[1]} to {name_of(other.uri)}"
    return Verdict.COPY, "like others of the group"


def _same_pixels(store: Store, known: Known, best: Record, record: Record) -> bool:
    if (best.width, best.height) != (record.width, record.height):
        return False
    for one in (best, record):
        if one.id not in known.pixels:
            known.pixels[one.id] = pixels_of(store, one)
    own = known.pixels[best.id]
    return own is not None and own == known.pixels[record.id]
