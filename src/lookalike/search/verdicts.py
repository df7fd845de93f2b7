"""What a record is to the query's picture: the same, a copy of it, or like it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.encoders import registry
from lookalike.records import Record, Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

COPY_HASH = "phash"
"""The hash whose distance makes a hit a copy."""

COPY_RADIUS = 8
"""Largest pHash distance, in bits of 64, of a hit called a copy.

Chosen with benchmarks/copy_radius.py: of 460,320 pairs of different pictures none is nearer than
12 bits, and recompressed, shrunk, grey, blurred and brightened copies are within 8.
"""

FLAT_BITS = 8
"""Fewer bits set than this: the picture is so flat that its pHash says nothing.

The pHash compares each coefficient with their median, so half the bits of a picture with some
structure are set; of a plain colour, one or none.
"""

TRUSTED = 50
"""Smallest quality, of 100, of a PDQ hash that Meta advises to match by."""

SIMILAR = (Verdict.SIMILAR, "")


def verdict(
    sha256: bytes | None,
    copy_hash: "NDArray[np.uint8] | None",
    record: Record,
    hashes: "Mapping[int, NDArray[Any]]",
) -> tuple[Verdict, str]:
    """The verdict and its reason.

    Args:
        sha256: of the query's picture, when it is one.
        copy_hash: its pHash.
        record: the hit.
        hashes: pHashes of hits by id.
    """
    if sha256 is not None and sha256 == record.sha256:
        return Verdict.IDENTICAL, "same bytes"
    own = hashes.get(record.id)
    if own is not None and copy_hash is not None and not _is_flat(copy_hash):
        distance = int(np.bitwise_count(copy_hash ^ own).sum())
        if distance <= COPY_RADIUS:
            return Verdict.COPY, f"pHash distance {distance}"
    return SIMILAR


def spoken(encoder: str) -> str:
    """What people call a hash: `PDQ` for pdq."""
    ours = encoder in registry.names()
    return registry.card(encoder).title.partition(",")[0] if ours else encoder


def doubt(encoder: str, quality: int) -> list[str]:
    """What to say of a query by a hash of that quality; nothing when it can be trusted."""
    if quality >= TRUSTED:
        return []
    return [
        f"the query's picture has too little structure for {encoder} (quality {quality} of 100, "
        f"trusted from {TRUSTED}): pictures that have nothing to do with it may be found"
    ]


def _is_flat(copy_hash: "NDArray[np.uint8]") -> bool:
    return int(np.bitwise_count(copy_hash).sum()) < FLAT_BITS
