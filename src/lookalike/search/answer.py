"""Answering one query: what to compare, with what, and how the hits are to be read."""

import time
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from lookalike.encoders.templates import check as check_templates
from lookalike.errors import UsageError
from lookalike.filters import unknown_attributes
from lookalike.records import EncoderSpec, Hit, Record, Verdict
from lookalike.results import Results, Took
from lookalike.search.asked import Asked, ask, visible
from lookalike.search.choose import Wish, choose_encoders
from lookalike.search.fingerprints import Compared
from lookalike.search.fusion import fuse
from lookalike.search.segments import Segments, choose_hash, explained
from lookalike.search.terms import Term, check, describe
from lookalike.search.verdicts import spoken, verdict
from lookalike.stores.base import Neighbour, Store
from lookalike.stores.grouping import Grouping, grouped

if TYPE_CHECKING:
    from lookalike.filters import Filter

SAME = 1e-3
"""Cosine distance that float16 rounding may put between an embedding and its stored copy."""


def search(
    store: Store,
    terms: Sequence[Term],
    *,
    limit: int = 10,
    offset: int = 0,
    threshold: "float | Literal['calibrated'] | None" = None,
    where: "Filter | None" = None,
    tenant: str | None = None,
    encoder: Wish = None,
    template: str | Sequence[str] | None = None,
    segments: Segments | None = None,
    grouping: Grouping | None = None,
) -> Results:
    """Answer one query.

    Several terms are combined into the weighted sum of their unit vectors, normalised again;
    several encoders by the weighted mean of their cosines.

    Args:
        store: where to search.
        terms: at least one, at least one of positive weight.
        limit: most hits to return, ≥ 0.
        offset: how many of the best hits to skip, ≥ 0.
        threshold: smallest score of a hit, 0..1, or "calibrated" for the collection's own.
        where: only records that match; the caller puts the tenant's limits in here.
        tenant: whose ids the terms may name; None means anybody's.
        encoder: names of the collection's encoders to use; by default the best for the terms.
        template: sentences with {} for the words of the terms; of several the mean is searched.
        segments: only records whose hash is equal to the query's in so many segments.
        grouping: only the best of each value of a field; limit and offset then count values.

    Raises:
        UsageError: the query cannot be asked of this collection; says why.
        PictureError: a picture of the query cannot be used.
        WeightsError: words were asked for and the text tower is missing.
    """
    check(terms)
    templates = check_templates(template)
    if templates and not any(term.kind == "text" for term in terms):
        raise UsageError("a template goes around words, and the query has none")
    check_page(limit, offset, None if threshold == "calibrated" else threshold)
    if len(terms) > 1:
        # First of all, so that no other complaint tells what another tenant's record has.
        for term in terms:
            if term.kind == "id":
                visible(store, term.value, tenant)
    if segments is None:
        choice = choose_encoders(store, terms, encoder)
    else:
        choice = choose_hash(store, terms, encoder)
    if threshold == "calibrated":
        threshold = _calibrated(store, choice.specs)
    asked = ask(store, choice.specs, terms, tenant, templates)
    started = time.perf_counter()
    furthest = _furthest(threshold)

    def find(limit: int, offset: int, where: "Filter | None") -> list[Neighbour]:
        if len(choice.specs) > 1:
            return fuse(store, choice, asked, limit, offset, furthest, where)
        (spec,) = choice.specs
        return _neighbours(store, spec, asked, limit, offset, threshold, where, segments)

    if limit == 0:
        neighbours = []
    elif grouping is None:
        neighbours = find(limit, offset, where)
    else:
        neighbours = grouped(
            lambda size, where: find(size, 0, where),
            lambda some: records_of(store, some),
            grouping,
            limit,
            offset,
            where,
        )
    hits = _hits(store, choice.specs, asked, neighbours, records_of(store, neighbours))
    if grouping is not None:
        hits = _by_group(hits, grouping)
        if hits and all(hit.group is None for hit in hits):
            asked.notices.append(f"no hit has a value of {grouping.field}, so each stands alone")
    if segments is not None:
        (spec,) = choice.specs
        hits = explained(store, spec, asked.hashes[spec.name], hits, segments)
    asked.notices += [*choice.notices, *incomplete(store, choice.specs)]
    if not hits and limit and where is not None:
        asked.notices += unknown_attributes(
            where, tenant, lambda one: bool([*store.scan(one, limit=1)])
        )
    took = Took(asked.decode_ms, asked.encode_ms, (time.perf_counter() - started) * 1e3)
    return Results(
        hits,
        query=describe(terms),
        encoder=str(choice),
        took_ms=took,
        query_pictures=asked.pictures,
        notices=asked.notices,
        group_by=None if grouping is None else str(grouping.field),
    )


def check_page(limit: int, offset: int, threshold: float | None) -> None:
    """Refuse what no page of an answer can be; UsageError."""
    if not (isinstance(limit, int) and isinstance(offset, int)):
        raise UsageError(f"limit and offset are whole numbers, got {limit!r} and {offset!r}")
    if limit < 0 or offset < 0:
        raise UsageError(f"limit and offset must not be negative, got {limit} and {offset}")
    if threshold is not None and not (isinstance(threshold, int | float) and 0 <= threshold <= 1):
        raise UsageError(f"the threshold is a score from 0 to 1, got {threshold!r}")


def _calibrated(store: Store, specs: Sequence[EncoderSpec]) -> float:
    from lookalike import calibration

    names = " and ".join(spec.name for spec in specs)
    limits = calibration.read(store)
    found = limits.similar.get(names)
    if found is None:
        raise UsageError(
            f"the collection has no calibrated threshold for {names}: `lookalike calibrate "
            "--pairs FILE`, with pairs labelled similar and different, chooses one for each "
            "encoder" + "".join(f" ({notice})" for notice in limits.notices)
        )
    return found


def _furthest(threshold: float | None) -> float | None:
    """The largest cosine distance of a hit; a picture always passes for itself."""
    return max(1.0 - threshold, SAME) if threshold else None


def _neighbours(
    store: Store,
    spec: EncoderSpec,
    asked: Asked,
    limit: int,
    offset: int,
    threshold: float | None,
    where: "Filter | None",
    segments: Segments | None,
) -> list[Neighbour]:
    if spec.kind == "embedding":
        query, furthest = asked.parts[spec.name], _furthest(threshold)
        return store.nearest(
            spec.name, query, limit, offset=offset, where=where, max_distance=furthest
        )
    # The smallest score allowed, turned round; the small term undoes rounding such as 0.875 → 4.
    radius = int((1.0 - (threshold or -1.0)) * spec.size / 2 + 1e-9)
    query_hash = asked.hashes[spec.name]
    if segments is not None:
        count, least = segments.count, segments.minimum
        found = store.segments(
            spec.name, query_hash, count, least, limit, offset=offset, where=where
        )
        return [one for one in found if one.distance <= radius]
    return store.within(spec.name, query_hash, radius, limit, offset=offset, where=where)


def records_of(store: Store, neighbours: Sequence[Neighbour]) -> "list[Record | None]":
    """The records of raw answers; the store is asked for those that did not come with them."""
    lacking = [one.id for one in neighbours if one.record is None]
    found = dict(zip(lacking, store.get(lacking), strict=True)) if lacking else {}
    return [found[one.id] if one.record is None else one.record for one in neighbours]


def _hits(
    store: Store,
    specs: Sequence[EncoderSpec],
    asked: Asked,
    neighbours: Sequence[Neighbour],
    records: Sequence[Record | None],
) -> list[Hit]:
    # Not at the top: the thresholds of copies build upon those of searches.
    from lookalike import calibration

    compared = Compared.of(asked.fingerprints, store, [n.id for n in neighbours])
    radius = calibration.read(store).copy_radius
    by_bits = len(specs) == 1 and specs[0].kind == "hash"
    scale = 2.0 / specs[0].size if by_bits else 1.0
    hash_name = spoken(specs[0].name) if by_bits else ""
    hits = []
    for neighbour, record in zip(neighbours, records, strict=True):
        if record is None:  # deleted by another thread between the two reads
            continue
        score = max(0.0, 1.0 - scale * neighbour.distance)
        kind, reason = verdict(compared, record, radius)
        if by_bits and not reason:
            reason = f"{hash_name} distance {neighbour.distance:.0f}"
        hits.append(Hit(record, score, neighbour.distance, kind, reason))
    # Rounding, or a file decoded at another scale, may have put others before.
    return sorted(hits, key=lambda hit: hit.verdict is not Verdict.IDENTICAL)


def _by_group(hits: Sequence[Hit], grouping: Grouping) -> list[Hit]:
    """The hits with what they are grouped by, those of a group together."""
    groups: dict[Hashable, list[Hit]] = {}
    for hit in hits:
        members = groups.setdefault(grouping.key_of(hit.record), [])
        members.append(replace(hit, group=grouping.value_of(hit.record)))
    return [hit for members in groups.values() for hit in members]


def incomplete(store: Store, specs: Sequence[EncoderSpec]) -> list[str]:
    """What to say when some records lack a vector of one of the encoders that answered."""
    if len(store.encoders()) == 1:
        return []
    lacking = [s.name for s in specs if store.missing(s.name, limit=1, files_only=True)]
    return [
        f"some records have no embedding of {name} yet and cannot be found by it; "
        f"`lookalike index --encoder {name} PATH` makes what is missing"
        for name in lacking
    ]
