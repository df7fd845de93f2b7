"""Find the duplicates of a collection: compare, group, choose the best, say why."""

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import numpy as np

from lookalike.duplicates import best as best_of
from lookalike.duplicates import verify
from lookalike.duplicates.confirm import confirmed
from lookalike.duplicates.decided import Decided
from lookalike.duplicates.digests import same_bytes, same_pixels
from lookalike.duplicates.edges import Edges, joined
from lookalike.duplicates.embeddings import near_embeddings
from lookalike.duplicates.hashes import near_hashes, read_hashes
from lookalike.duplicates.plan import LIKELY_BITS, Plan, plan
from lookalike.duplicates.report import Duplicates, Group
from lookalike.duplicates.rows import Rows, read_rows
from lookalike.duplicates.sorting import SortedGroups
from lookalike.duplicates.turned import alike
from lookalike.errors import UsageError
from lookalike.filters import Filter
from lookalike.records import Verdict
from lookalike.stores.base import Progress, Store

Only = Literal["identical", "copy"]

_NOTHING: Mapping[int, str] = {}


def find(
    store: Store,
    *,
    where: Filter | None = None,
    only: Only | None = None,
    least_bytes: int = 0,
    prefer: str | Sequence[str] = (),
    encoder: str | None = None,
    threshold: float | None = None,
    verify_doubtful: bool = False,
    decided: bool = False,
    moved: Mapping[int, str] = _NOTHING,
    named: Collection[int] = (),
    progress: Progress | None = None,
) -> Duplicates:
    """Groups of records of one tenant each that show the same picture.

    Args:
        store: the collection's.
        where: only records that match; the caller puts the tenant's limits in here.
        only: "identical" compares bytes and pixels alone; "copy" leaves out what is identical to
            the best.
        least_bytes: only files of at least so many bytes.
        prefer: what is better, before the rest of `best.CRITERIA`.
        encoder: the embedding to compare by.
        threshold: the cosine of a copy.
        verify_doubtful: whether pairs that embeddings leave in doubt are proved by their pictures.
        decided: also groups about which everything has been decided.
        moved: the uris that duplicates were moved to, by id; they are not asked about again.
        named: the ids of records that are the best of their groups, whatever else holds.
        progress: called as progress(stage, done, total).

    Raises:
        UsageError: an option is not one of those.
        MissingExtraError: proof is asked for, and OpenCV is not installed.
    """
    if only not in {None, "identical", "copy"}:
        raise UsageError(f"only is 'identical' or 'copy', got {only!r}")
    started = time.perf_counter()
    criteria = best_of.order(prefer)
    chosen = plan(store, exact=only == "identical", encoder=encoder, threshold=threshold)
    rows = read_rows(store, where, least_bytes, progress)
    found, proofs, notices = _edges(store, rows, chosen, verify_doubtful, progress)
    shown: list[Group] = []
    if len(found):
        decisions = Decided.of(store.decisions())
        whole = SortedGroups(store, rows, found, chosen, decisions, criteria, proofs, moved, named)
        for done, group in enumerate(whole, 1):
            if progress is not None:
                progress("sort out groups", done, len(whole))
            if only == "copy":
                copies = tuple(one for one in group.others if one.verdict is Verdict.COPY)
                group = Group(group.best, group.why, copies)  # noqa: PLW2901
            if group.others and (decided or not _closed(group, decisions)):
                shown.append(group)
    shown.sort(key=lambda group: (-group.spare_bytes, group.id))
    seconds = time.perf_counter() - started
    in_groups = {id_ for group in shown for id_ in group.ids}
    lost = [
        f"record {id_} is in no group that is shown"
        for id_ in sorted(named)
        if id_ not in in_groups
    ]
    notices = [*chosen.notices, *notices, *lost]
    return Duplicates(shown, records=len(rows), seconds=seconds, by=chosen.by, notices=notices)


def _edges(
    store: Store,
    rows: Rows,
    chosen: Plan,
    verify_doubtful: bool,
    progress: Progress | None,
) -> tuple[Edges, verify.Proofs, list[str]]:
    """All edges that count, the words of the proofs, and what to tell the user."""
    parts = [same_bytes(rows), same_pixels(rows)]
    notices: list[str] = []
    proofs: verify.Proofs = {}
    hashes = read_hashes(store, rows, chosen.hash, progress) if chosen.hash else None
    if hashes is not None:
        parts.append(near_hashes(rows, hashes, chosen.radius))
    if chosen.encoder:
        least = min(chosen.likely, chosen.doubtful if verify_doubtful else chosen.sure)
        near, whole = near_embeddings(store, rows, chosen.encoder, least, progress)
        if not whole:
            notices.append("there are so many like pictures that only the nearest were compared")
        sure = near.value >= chosen.sure
        if hashes is not None:
            likely = np.flatnonzero((near.value >= chosen.likely) & ~sure)
            sure[likely] = alike(near.where(likely), hashes, len(rows), LIKELY_BITS)
        if verify_doubtful:
            doubtful = near.where(~sure)
            proved, proofs = verify.proved(store, rows, joined(parts), doubtful, progress)
            parts.append(proved)
        parts.append(near.where(sure))
    found, left_out = confirmed(store, rows, joined(parts), progress)
    return found, proofs, [*notices, *left_out]


def _closed(group: Group, decisions: Decided) -> bool:
    """Whether there is nothing to ask: no open member, and decisions tie all of it together."""
    rest = [one.record.id for one in group.others if one.settled not in {"same file", "moved"}]
    return not group.open and decisions.closes([group.best.id, *rest])
