"""Proof for the few best candidates: their files are read and compared by local features."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial

from PIL.Image import Image

from lookalike import proof
from lookalike.copies.evidence import Evidence
from lookalike.copies.judge import COPY_SCORE, judge
from lookalike.copies.picture import QueryPicture
from lookalike.copies.reading import decode_record
from lookalike.errors import LookalikeError
from lookalike.processors import processors
from lookalike.records import Match, Record, Verdict
from lookalike.search.verdicts import COPY_RADIUS

PROVED = 6
"""How many of the best candidates are proved at most."""

PROOF_SECONDS = 15.0
"""The longest that all proofs of one search may take: they need a fiftieth of it, and what a file
on the web takes to come. On a busy machine an answer is late rather than another."""

_SURE = 0.99
"""Score of a candidate near in its hash from which proof changes nothing."""

_LIKELY = 0.02
"""Smallest score of a candidate that is proved although there is a copy already."""

_FEW = 40
"""Features without which a picture cannot be found to be another one's copy, or not to be."""

_LATE = "there was no time for it"

Candidates = Mapping[int, tuple[Record, Evidence]]


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of it: a match, none, or (then `why` says so) no answer.

    `few`: one of the pictures has hardly any features.
    """

    match: Match | None = None
    why: str = ""
    few: bool = False


def can_prove(query: QueryPicture) -> bool:
    """Whether there is a picture to prove with, and OpenCV to do it."""
    return query.image is not None and proof.available()


def proved(
    query: QueryPicture,
    candidates: Candidates,
    *,
    copy_score: float = COPY_SCORE,
    copy_radius: int = COPY_RADIUS,
    sure_ones: bool = False,
) -> dict[int, tuple[Record, Evidence]]:
    """The candidates with proof, or why there is none, in the evidence of the few best.

    They are taken from the best down, a few at once, until there is a copy and the others are
    unlikely. What is identical needs no proof, nor, unless `sure_ones`, what is as near in its
    hash as only copies are. What a copy is is said as to `judge`.
    """
    decide = partial(judge, copy_score=copy_score, copy_radius=copy_radius)
    assert query.image is not None
    found = dict(candidates)
    open_ = [
        (decide(evidence)[1], -id_)
        for id_, (_, evidence) in candidates.items()
        if not (evidence.same_bytes or evidence.same_pixels)
        and (sure_ones or not evidence.copy_hash_within(copy_radius) or decide(evidence)[1] < _SURE)
    ]
    copies = len(open_) < len(candidates)
    ends = time.monotonic() + PROOF_SECONDS
    features: proof.Features | None = None
    for wave in _waves(sorted(open_, reverse=True)[:PROVED]):
        ids = [-minus for score, minus in wave if score >= _LIKELY or not copies]
        if not ids:
            break
        if features is None:
            features = proof.extract(query.image, max_side=proof.QUERY_SIDE)
        for id_, one in _prove(features, [candidates[id_][0] for id_ in ids], ends).items():
            record, evidence = candidates[id_]
            evidence = replace(
                evidence, match=one.match, proved=not one.why, unproved=one.why, few=one.few
            )
            found[id_] = record, evidence
            copies |= decide(evidence)[0] is Verdict.COPY
    return found


def _waves(best: Sequence[tuple[float, int]]) -> Iterator[Sequence[tuple[float, int]]]:
    """As many at once as can be worked on at once."""
    width = processors()
    for start in range(0, len(best), width):
        yield best[start : start + width]


def _prove(query: proof.Features, records: Sequence[Record], ends: float) -> dict[int, Proof]:
    """Compare with some records at once; those that are not done when it `ends` get no proof."""
    pool = ThreadPoolExecutor(len(records))
    try:
        tasks: dict[int, Future[Proof]] = {
            record.id: pool.submit(_proof, query, record, ends) for record in records
        }
        wait(tasks.values(), timeout=max(0.0, ends - time.monotonic()))
        return {
            id_: task.result() if task.done() else Proof(why=_LATE) for id_, task in tasks.items()
        }
    finally:
        pool.shutdown(wait=False)


def _proof(query: proof.Features, record: Record, ends: float) -> Proof:
    left = ends - time.monotonic()
    if left <= 0:
        return Proof(why=_LATE)
    try:
        image: Image = decode_record(record, min_side=proof.RECORD_SIDE, timeout=left)
        features = proof.extract(image)
        few = min(len(query), len(features)) < _FEW
        return Proof(proof.match(query, features), few=few)
    except (LookalikeError, OSError) as error:
        return Proof(why=str(error))
