"""Candidates on a plain ground: only the same ink makes one a copy.

The hash and the descriptor of an invoice, a chart or a product on white are those of nearly any
other one.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from PIL import ImageOps
from PIL.Image import Image, Resampling, Transform

from lookalike.copies.evidence import Evidence, Look
from lookalike.copies.judge import PLAIN, Decide
from lookalike.copies.orientation import turned
from lookalike.copies.picture import QueryPicture
from lookalike.copies.proving import Candidates
from lookalike.copies.reading import decode_record
from lookalike.copies.views import WHOLE, cut
from lookalike.errors import LookalikeError
from lookalike.imaging.ink import same_ink
from lookalike.imaging.perspective import coefficients
from lookalike.imaging.plain import is_plain_within
from lookalike.imaging.trimmed import trimmed
from lookalike.records import Corners, Record
from lookalike.search.fingerprints import COPY_HASH
from lookalike.search.verdicts import COPY_RADIUS

COMPARED = 12
"""How many of the best candidates are compared at most."""

SECONDS = 10.0
"""The longest that this may take."""

_SIDE = 480
"""Pixels that the shorter side of a record's picture keeps."""

_PROVED = 0.5
"""Score of a proof that says which parts of the two pictures are to be compared."""

_LEAST = 32
"""The fewest pixels of a side of what is compared."""


def compared(query: QueryPicture, candidates: Candidates, decide: Decide) -> Candidates:
    """The candidates with what was found out about the ink of those on a plain ground.

    Only what may be a copy is looked at, the best first; a record's file is read where what the
    query shows of it is plain, or where proof has read it already.

    Args:
        query: its picture must be here.
        candidates: with all other evidence.
        decide: the judge.
    """
    assert query.image is not None
    scores = {id_: decide(evidence)[1] for id_, (_, evidence) in candidates.items()}
    best = sorted(
        (
            id_
            for id_, (_, evidence) in candidates.items()
            if not (evidence.same_bytes or evidence.same_pixels)
            and (scores[id_] > PLAIN or evidence.copy_hash_within(COPY_RADIUS))
        ),
        key=lambda id_: (-scores[id_], id_),
    )
    found = dict(candidates)
    ends = time.monotonic() + SECONDS
    for place, id_ in enumerate(best):
        record, evidence = candidates[id_]
        left = ends - time.monotonic() if place < COMPARED else 0.0
        found[id_] = record, _looked_at(query, record, evidence, left)
    return found


def _looked_at(query: QueryPicture, record: Record, evidence: Evidence, seconds: float) -> Evidence:
    assert query.image is not None
    match = evidence.match
    by_proof = match is not None and match.score >= _PROVED
    ours = [_part(query.image, match.query_region)] if match and by_proof else []
    looks = [] if by_proof else [*dict.fromkeys(_looks(evidence))]
    ours += [_seen(query, look) for look, _ in looks]
    plain = any(is_plain_within(one) for one in ours)
    if not (plain or evidence.proved):
        return evidence
    picture = None
    if seconds > 0:
        with suppress(LookalikeError, OSError):
            picture = decode_record(record, min_side=_SIDE, timeout=seconds)
    if picture is None:
        return replace(evidence, plain=plain)
    if match and by_proof:
        theirs = [_part(picture, match.record_region)]
        theirs = [ImageOps.invert(one) for one in theirs] if match.inverted else theirs
    else:
        inside = trimmed(picture)
        theirs = [inside.image if cut and inside is not None else picture for _, cut in looks]
    if not (plain or any(is_plain_within(one) for one in theirs)):
        return evidence
    same = any(same_ink(one, other) for one, other in zip(ours, theirs, strict=True))
    return replace(evidence, plain=True, same_ink=same)


def _looks(evidence: Evidence) -> Iterator[tuple[Look, bool]]:
    """How the query was looked at, and whether the record without its borders."""
    hashed = evidence.hashes.get(COPY_HASH)
    if hashed is not None and not hashed.flat and hashed.look.straightened is None:
        yield hashed.look, hashed.record_trimmed
    if evidence.likeness is not None and evidence.likeness.look.straightened is None:
        yield evidence.likeness.look, evidence.likeness.look.trimmed
        yield evidence.likeness.look, False


def _seen(query: QueryPicture, look: Look) -> Image:
    assert query.image is not None
    image = query.trimmed.image if look.trimmed and query.trimmed is not None else query.image
    if look.box != WHOLE:
        image = cut(image, look.box)
    image = turned(image, look.orientation)
    return ImageOps.invert(image) if look.inverted else image


def _part(image: Image, corners: Corners) -> Image:
    """What is within four corners, given as fractions of width and height."""
    width, height = image.size
    points = [(x * width, y * height) for x, y in corners]
    (a, b, c, d) = points
    across = max(_LEAST, round(max(_apart(a, b), _apart(d, c))))
    down = max(_LEAST, round(max(_apart(a, d), _apart(b, c))))
    frame = [(0.0, 0.0), (float(across), 0.0), (float(across), float(down)), (0.0, float(down))]
    return image.transform(
        (across, down),
        Transform.PERSPECTIVE,
        coefficients(frame, points),
        Resampling.BICUBIC,
        fillcolor=(255, 255, 255),
    )


def _apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2) ** 0.5)
