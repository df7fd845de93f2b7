"""Which records show the same picture as the query: the steps, and what they amount to."""

from functools import partial
from typing import TYPE_CHECKING, Any

from lookalike import calibration
from lookalike.calibration import Calibration
from lookalike.copies import notices
from lookalike.copies.chosen import choose
from lookalike.copies.effort import Effort, reach
from lookalike.copies.evidence import Evidence
from lookalike.copies.gather import Gathering
from lookalike.copies.judge import Decide, judge
from lookalike.copies.picture import QueryPicture, given, recorded
from lookalike.copies.plain import compared
from lookalike.copies.proving import Candidates, can_prove, proved
from lookalike.copies.reasons import Borders, reason
from lookalike.copies.steps import Steps
from lookalike.errors import UsageError
from lookalike.filters import unknown_attributes
from lookalike.records import Hit, Record, Verdict
from lookalike.results import Results, Took
from lookalike.search.answer import check_page
from lookalike.search.asked import visible
from lookalike.stores.base import Store

if TYPE_CHECKING:
    from lookalike.filters import Filter

_ORDER = {Verdict.IDENTICAL: 0, Verdict.COPY: 1, Verdict.SIMILAR: 2}


def find(
    store: Store,
    picture: Any = None,
    *,
    id: int | None = None,  # noqa: A002 - the field's word
    limit: int = 10,
    effort: Effort = "full",
    orientations: bool | None = None,
    regions: bool | None = None,
    proof: bool | None = None,
    threshold: float | None = None,
    where: "Filter | None" = None,
    tenant: str | None = None,
    limits: Calibration | None = None,
) -> Results:
    """Find the records that show the same picture; see `Collection.copies`.

    Args:
        store: where to look.
        picture: a path, URL, bytes or Pillow image.
        id: instead of it, a record's id; the record itself is left out of the answer.
        limit: most hits to return, ≥ 0.
        effort: "quick" looks at the whole picture and at the one without its borders only.
        orientations: look at it turned and mirrored; by default as the effort says.
        regions: look at its parts.
        proof: compare local features of the few best.
        threshold: smallest score of a hit, 0..1.
        where: only records that match; the caller puts the tenant's limits in here.
        tenant: whose id may be named; None means anybody's.
        limits: what a copy is; by default the collection's own thresholds.

    Raises:
        UsageError: the query cannot be asked of this collection; says why.
        PictureError: the picture cannot be used.
        WeightsError: the copy descriptor's weights cannot be had.
    """
    if (picture is None) == (id is None):
        raise UsageError("copies are of a picture or of a record: give one picture, or one id")
    check_page(limit, 0, threshold)
    wanted = reach(effort, orientations=orientations, regions=regions, proof=proof)
    record = None if id is None else visible(store, id, tenant)
    chosen = choose(store)
    limits = calibration.read(store) if limits is None else limits
    steps = Steps()
    with steps("decode"):
        if record is None:
            query = given(picture, min_side=chosen.min_side)
        else:
            query = recorded(record, min_side=chosen.min_side)
    gathering = Gathering(
        store, query, chosen, wanted, steps, limit=max(limit, 1), where=where, tenant=tenant
    )
    candidates: Candidates = gathering.evidence()
    if wanted.proof and can_prove(query) and candidates:
        with steps("proof"):
            candidates = proved(
                query,
                candidates,
                copy_score=limits.copy_score,
                copy_radius=limits.copy_radius,
                sure_ones=wanted.sure_ones,
            )
    decide = partial(judge, copy_score=limits.copy_score, copy_radius=limits.copy_radius)
    if query.image is not None:
        with steps("ink"):
            candidates = compared(query, candidates, decide)
    ranked = _ranked(candidates, decide, threshold or 0.0)[:limit]
    hits = [_hit(*candidates[id_], verdict, score, limits, query) for verdict, score, id_ in ranked]
    found = any(hit.verdict is not Verdict.SIMILAR for hit in hits)
    said = notices.of(store, chosen, query, wanted, found=found)
    if not hits and limit and where is not None:
        said += unknown_attributes(where, tenant, lambda one: bool([*store.scan(one, limit=1)]))
    return Results(
        hits,
        query=query.name,
        encoder=",".join(spec.name for spec in chosen.specs),
        took_ms=_took(steps),
        query_pictures=[query.data] if query.data is not None else [],
        notices=[*said, *limits.notices],
    )


def _ranked(
    candidates: Candidates, decide: Decide, threshold: float
) -> list[tuple[Verdict, float, int]]:
    """Verdict, score and id of those that score enough: by verdict, then score, then id."""
    judged = [(*decide(evidence), id_) for id_, (_, evidence) in candidates.items()]
    enough = [one for one in judged if one[1] >= threshold]
    return sorted(enough, key=lambda one: (_ORDER[one[0]], -one[1], one[2]))


def _hit(
    record: Record,
    evidence: Evidence,
    verdict: Verdict,
    score: float,
    limits: Calibration,
    query: QueryPicture,
) -> Hit:
    borders = Borders(query.trimmed.border if query.trimmed is not None else None, record.border)
    words = reason(verdict, evidence, borders, copy_radius=limits.copy_radius)
    return Hit(record, score, 1.0 - score, verdict, words, evidence.match)


def _took(steps: Steps) -> Took:
    decode = steps.ms["decode"]
    return Took(decode, 0.0, sum(steps.ms.values()) - decode, steps.ms)
