"""Proof for the few best candidates: their files are read and compared by local features."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from PIL.Image import Image

from lookalike import proof
from lookalike.copies.evidence import Evidence
from lookalike.copies.judge import judge
from lookalike.copies.picture import QueryPicture
from lookalike.copies.reading import decode_record
from lookalike.errors import LookalikeError
from lookalike.processors import processors
from lookalike.records import Match, Record

PROVED = 5
"""How many of the best candidates are proved."""

PROOF_SECONDS = 2.0
"""The longest that all proofs of one search may take."""

_LATE = "there was no time for it"


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of it: a match, none, or (then `why` says so) no answer."""

    match: Match | None = None
    why: str = ""


def can_prove(query: QueryPicture) -> bool:
    """Whether there is a picture to prove with, and OpenCV to do it."""
    return query.image is not None and proof.available()


def proved(
    query: QueryPicture, candidates: Mapping[int, tuple[Record, Evidence]]
) -> dict[int, tuple[Record, Evidence]]:
    """The candidates with proof, or why there is none, in the evidence of the few best.

    What is known to be identical needs none.
    """
    assert query.image is not None
    found = dict(candidates)
    open_ = [
        (judge(evidence)[1], -record.id, record)
        for record, evidence in candidates.values()
        if not (evidence.same_bytes or evidence.same_pixels)
    ]
    best = [record for _, _, record in sorted(open_, reverse=True)[:PROVED]]
    for id_, one in prove(query.image, best, seconds=PROOF_SECONDS).items():
        record, evidence = candidates[id_]
        found[id_] = (
            record,
            replace(evidence, match=one.match, proved=not one.why, unproved=one.why),
        )
    return found


def prove(query: Image, records: Sequence[Record], *, seconds: float) -> dict[int, Proof]:
    """Compare a query with records, several at once, the most promising first.

    Args:
        query: RGB and upright.
        records: whose files are read from where they are.
        seconds: when that is over, those that are not done get no proof.

    Raises:
        MissingExtraError: OpenCV is not there.
    """
    ends = time.monotonic() + seconds
    features = proof.extract(query, max_side=proof.QUERY_SIDE)
    pool = ThreadPoolExecutor(processors())
    try:
        tasks: dict[int, Future[Proof]] = {
            record.id: pool.submit(_prove, features, record, ends) for record in records
        }
        wait(tasks.values(), timeout=max(0.0, ends - time.monotonic()))
        return {
            id_: task.result() if task.done() and not task.cancelled() else Proof(why=_LATE)
            for id_, task in tasks.items()
        }
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _prove(query: proof.Features, record: Record, ends: float) -> Proof:
    left = ends - time.monotonic()
    if left <= 0:
        return Proof(why=_LATE)
    try:
        image = decode_record(record, min_side=proof.RECORD_SIDE, timeout=left)
        return Proof(proof.match(query, proof.extract(image)))
    except (LookalikeError, OSError) as error:
        return Proof(why=str(error))
