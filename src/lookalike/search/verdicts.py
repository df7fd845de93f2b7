"""What a record is to the query's picture: the same, a copy of it, or like it."""

from functools import cache

from lookalike.encoders import registry
from lookalike.encoders.card import is_packaged
from lookalike.records import Record, Verdict
from lookalike.search.fingerprints import COPY_HASH, Compared, Nearest

COPY_RADIUS = 8
"""Largest pHash distance, in bits of 64, of a hit called a copy, unless it was calibrated.

Chosen with benchmarks/copy_radius.py: of 460,320 pairs of different pictures none is nearer than
12 bits, and recompressed, shrunk, grey, blurred and brightened copies are within 8.
"""

TRUSTED = 50
"""Smallest quality, of 100, of a PDQ hash that Meta advises to match by."""

SIMILAR = (Verdict.SIMILAR, "")


def verdict(compared: Compared, record: Record, radius: int = COPY_RADIUS) -> tuple[Verdict, str]:
    """The verdict and its reason.

    Args:
        compared: the query's fingerprints and those of the hits.
        record: a hit.
        radius: largest distance, in bits of the copy hash, of a copy.
    """
    if compared.same_bytes(record):
        return Verdict.IDENTICAL, "same bytes"
    if compared.same_pixels(record):
        return Verdict.IDENTICAL, "same pixels"
    nearest = compared.nearest(record)
    if nearest is not None and nearest.distance <= radius:
        words = by_hash(nearest, compared.query.border, record.border)
        if compared.query.is_plain:
            return Verdict.SIMILAR, f"{words}, but the picture is mostly plain"
        return Verdict.COPY, words
    return SIMILAR


def by_hash(
    nearest: Nearest,
    query_border: str | None,
    record_border: str | None,
    encoder: str = COPY_HASH,
) -> str:
    """`pHash distance 3 after trimming a black border`.

    Args:
        nearest: the distance.
        query_border: the colour of the query's border.
        record_border: that of the record's.
        encoder: which hash it is of.
    """
    words = f"{spoken(encoder)} distance {nearest.distance}"
    if nearest.query_trimmed and nearest.record_trimmed:
        return f"{words} after trimming both borders"
    if nearest.query_trimmed:
        return f"{words} after trimming a {query_border or 'plain'} border"
    if nearest.record_trimmed:
        return f"{words} after trimming the stored picture's {record_border or 'plain'} border"
    return words


def spoken(encoder: str) -> str:
    """What people call a hash: `PDQ` for pdq."""
    if is_packaged(encoder):
        return _packaged_word(encoder)
    return _word(encoder) if encoder in registry.names() else encoder


@cache
def _packaged_word(encoder: str) -> str:
    """Asked for of every hit; the package's own cards stay as they are."""
    return _word(encoder)


def _word(encoder: str) -> str:
    return registry.card(encoder).title.partition(",")[0]


def doubt(encoder: str, quality: int) -> list[str]:
    """What to say of a query by a hash of that quality; nothing when it can be trusted."""
    if quality >= TRUSTED:
        return []
    return [
        f"the query's picture has too little structure for {encoder} (quality {quality} of 100, "
        f"trusted from {TRUSTED}): pictures that have nothing to do with it may be found"
    ]
