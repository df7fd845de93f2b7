"""Find the duplicates of a collection: compare, group, choose the best, say why."""

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Literal

import numpy as np

from lookalike.duplicates import best as best_of
from lookalike.duplicates import verify
from lookalike.duplicates.decided import Decided
from lookalike.duplicates.digests import same_bytes, same_pixels
from lookalike.duplicates.edges import Edges, Evidence, joined
from lookalike.duplicates.embeddings import near_embeddings
from lookalike.duplicates.grouping import apart, groups
from lookalike.duplicates.hashes import near_hashes
from lookalike.duplicates.plan import Plan, plan
from lookalike.duplicates.relation import Known, by_way_of, relation
from lookalike.duplicates.report import Duplicates, Group, Member, Settled
from lookalike.duplicates.rows import Rows, read_rows
from lookalike.errors import UsageError
from lookalike.filters import Filter
from lookalike.records import Record, Verdict
from lookalike.sources.uri import to_path
from lookalike.stores.base import Progress, Store

Only = Literal["identical", "copy"]

_GROUPS_AT_A_TIME = 256


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
        finder = _Grouper(store, rows, found, chosen, decisions, criteria, proofs)
        total = finder.count
        for group in finder:
            if progress is not None:
                progress("sort out groups", finder.done, total)
            if not decided and (decisions.closes(group.ids) or _all_links(group)):
                continue
            if only == "copy":
                copies = tuple(one for one in group.others if one.verdict is Verdict.COPY)
                group = Group(group.best, group.why, copies)  # noqa: PLW2901
            if group.others:
                shown.append(group)
    shown.sort(key=lambda group: (-group.spare_bytes, group.id))
    seconds = time.perf_counter() - started
    notices = [*chosen.notices, *notices]
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
    if chosen.hash:
        parts.append(near_hashes(store, rows, chosen.hash, chosen.radius, progress))
    if chosen.encoder:
        least = chosen.doubtful if verify_doubtful else chosen.sure
        near, whole = near_embeddings(store, rows, chosen.encoder, least, progress)
        if not whole:
            notices.append("there are so many like pictures that only the nearest were compared")
        if verify_doubtful:
            doubtful = near.where(near.value < chosen.sure)
            proved, proofs = verify.proved(store, rows, joined(parts), doubtful, progress)
            parts.append(proved)
        parts.append(near.where(near.value >= chosen.sure))
    return joined(parts), proofs, notices


class _Grouper:
    """Iterates the groups, with what every member is to the best."""

    def __init__(
        self,
        store: Store,
        rows: Rows,
        found: Edges,
        chosen: Plan,
        decisions: Decided,
        criteria: Sequence[str],
        proofs: verify.Proofs,
    ) -> None:
        self._store, self._rows, self._plan = store, rows, chosen
        self._decisions, self._criteria, self._proofs = decisions, criteria, proofs
        touched = np.unique(np.concatenate([found.first, found.second]))
        self._records = _read(store, rows, touched.tolist())
        better = best_of.key(criteria)
        # A record that was deleted since comes last, and is left out below.
        ranked = sorted(self._records, key=lambda row: better(self._records[row]))
        rank = np.full(len(rows), len(ranked), np.int64)
        rank[touched] += np.arange(len(touched))
        rank[ranked] = np.arange(len(ranked))
        whole = groups(found, rank)
        self._groups = self._parted(whole, found)
        self.count, self.done = len(self._groups), 0

    def __iter__(self) -> Iterator[Group]:
        for start in range(0, self.count, _GROUPS_AT_A_TIME):
            some = self._groups[start : start + _GROUPS_AT_A_TIME]
            ids = [self._records[row].id for group in some for row in group]
            known = Known.read(self._store, self._plan, ids)
            for group in some:
                self.done += 1
                yield self._group([self._records[row] for row in group], known)

    def _parted(self, whole: list[list[int]], found: Edges) -> list[list[int]]:
        """The groups without deleted records, and apart where someone said that they differ."""
        kept = [[row for row in group if row in self._records] for group in whole]
        if not self._decisions.different:
            return [group for group in kept if len(group) > 1]
        rows_of = {record.id: row for row, record in self._records.items()}
        different = {
            rows_of[id_]: {rows_of[other] for other in others if other in rows_of}
            for id_, others in self._decisions.different.items()
            if id_ in rows_of
        }
        torn = {row for group in kept if _torn(group, different) for row in group}
        near = _neighbours(found, torn, different)
        parts: list[list[int]] = []
        for group in kept:
            parts += apart(group, near, different) if group and group[0] in torn else [group]
        return [group for group in parts if len(group) > 1]

    def _group(self, records: Sequence[Record], known: Known) -> Group:
        best, *others = records
        ids = {record.id for record in records}
        members = []
        for record in others:
            found = relation(self._store, self._plan, known, best, record, self._proofs)
            if found is None:
                rest = [one for one in others if one is not record]
                found = by_way_of(self._store, self._plan, known, record, rest, self._proofs)
            settled: Settled = self._decisions.how(record.id, ids)
            if not settled and found[0] is Verdict.IDENTICAL and _same_file(best, record):
                settled = "same file"
            members.append(Member(record, *found, settled))
        return Group(best, best_of.why(best, others[0], self._criteria), tuple(members))


def _read(store: Store, rows: Rows, touched: list[int]) -> dict[int, Record]:
    records = store.get(rows.ids[touched].tolist())
    return {row: one for row, one in zip(touched, records, strict=True) if one is not None}


def _torn(group: Sequence[int], different: dict[int, set[int]]) -> bool:
    members = set(group)
    return any(members & different.get(row, set()) for row in group)


def _neighbours(
    found: Edges, rows: set[int], different: dict[int, set[int]]
) -> dict[int, set[int]]:
    """The rows that each of these has an edge with.

    Equal hashes and digests are tied to one record only, which stands for all of them; what it is
    tied to, its equals are tied to as well, unless they are said to be different.
    """
    near: dict[int, set[int]] = defaultdict(set)
    equal: dict[int, set[int]] = defaultdict(set)
    chosen = np.isin(found.first, np.fromiter(rows, np.int64, len(rows)))
    some = found.where(chosen)
    pairs = zip(some.first.tolist(), some.second.tolist(), strict=True)
    for (a, b), kind, value in zip(pairs, some.evidence.tolist(), some.value.tolist(), strict=True):
        near[a].add(b)
        near[b].add(a)
        if kind <= Evidence.HASH and value == 0:
            equal[a].add(b)
            equal[b].add(a)
    reached = {row: set(near[row]) for row in rows}
    for row in rows:
        for twin in equal[row]:
            reached[row] |= near[twin]
    for row in rows:
        for other in reached[row]:
            reached.setdefault(other, set()).add(row)
        reached[row] -= {row, *different.get(row, set())}
    return reached


def _same_file(best: Record, record: Record) -> bool:
    """Whether two records' paths lead to one file, by a hard or a symbolic link."""
    one, other = to_path(best.uri), to_path(record.uri)
    with suppress(OSError, ValueError):
        return one is not None and other is not None and os.path.samefile(one, other)
    return False


def _all_links(group: Group) -> bool:
    return all(one.settled == "same file" for one in group.others)
