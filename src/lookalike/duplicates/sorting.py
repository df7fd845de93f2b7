"""Groups as they are shown: the best first, what each member is to it, and what was decided."""

import os
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress

import numpy as np

from lookalike.duplicates import best as best_of
from lookalike.duplicates import verify
from lookalike.duplicates.decided import Decided
from lookalike.duplicates.edges import Edges, Evidence
from lookalike.duplicates.grouping import apart, groups
from lookalike.duplicates.plan import Plan
from lookalike.duplicates.relation import Known, by_way_of, relation
from lookalike.duplicates.report import Group, Member, Settled
from lookalike.duplicates.rows import Rows
from lookalike.records import Record, Verdict
from lookalike.sources.uri import to_path
from lookalike.stores.base import Store

_GROUPS_AT_A_TIME = 256


class SortedGroups:
    """Iterates the groups, with what every member is to the best.

    What was moved away is never the best of those that were not.
    """

    def __init__(
        self,
        store: Store,
        rows: Rows,
        found: Edges,
        chosen: Plan,
        decisions: Decided,
        criteria: Sequence[str],
        proofs: verify.Proofs,
        moved: Mapping[int, str],
        named: Collection[int],
    ) -> None:
        self._store, self._rows, self._plan = store, rows, chosen
        self._decisions, self._criteria, self._proofs = decisions, criteria, proofs
        self._places, self._named = moved, named
        touched = np.unique(np.concatenate([found.first, found.second]))
        self._records = _read(store, rows, touched.tolist())
        better = best_of.key(criteria, named)
        # A record that was deleted since comes last, and is left out below.
        ranked = sorted(
            self._records,
            key=lambda row: (self._moved(self._records[row]), better(self._records[row])),
        )
        rank = np.full(len(rows), len(ranked), np.int64)
        rank[touched] += np.arange(len(touched))
        rank[ranked] = np.arange(len(ranked))
        whole = groups(found, rank)
        self._groups = self._parted(whole, found)

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[Group]:
        for start in range(0, len(self), _GROUPS_AT_A_TIME):
            some = self._groups[start : start + _GROUPS_AT_A_TIME]
            ids = [self._records[row].id for group in some for row in group]
            known = Known.read(self._store, self._plan, ids)
            for group in some:
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
        relations = self._relations(best, others, known)
        criteria = self._criteria
        twins = [
            one
            for one, found in zip(others, relations, strict=True)
            if found[0] is Verdict.IDENTICAL and self._moved(one) == self._moved(best)
        ]
        for_twins = best_of.order_of_twins(criteria)
        if for_twins and any(one.sha256 != best.sha256 for one in twins):
            criteria = for_twins
            twins = sorted([best, *twins], key=best_of.key(criteria, self._named))
            if twins[0] is not best:
                best = twins[0]
                others = [*twins[1:], *(one for one in records if one not in twins)]
                relations = self._relations(best, others, known)
        ids = {record.id for record in records}
        members = [
            Member(record, *found, self._settled(best, record, found[0], ids))
            for record, found in zip(others, relations, strict=True)
        ]
        next_best = twins[1] if criteria is for_twins else others[0]
        if self._moved(others[0]) and not self._moved(best):
            why = "the others were moved away"
        else:
            why = best_of.why(best, next_best, criteria, self._named)
            why = f"same pixels, {why}" if criteria is for_twins else why
        return Group(best, why, tuple(members))

    def _relations(
        self, best: Record, others: Sequence[Record], known: Known
    ) -> list[tuple[Verdict, str]]:
        """What each of the others is to the best, or to another one of them."""
        relations = []
        for record in others:
            found = relation(self._store, self._plan, known, best, record, self._proofs)
            if found is None:
                rest = [one for one in others if one is not record]
                found = by_way_of(self._store, self._plan, known, record, rest, self._proofs)
            relations.append(found)
        return relations

    def _settled(self, best: Record, record: Record, verdict: Verdict, ids: set[int]) -> Settled:
        if self._moved(record):
            return "moved"
        if how := self._decisions.how(record.id, ids):
            return how
        linked = verdict is Verdict.IDENTICAL and _same_file(best, record)
        return "same file" if linked else ""

    def _moved(self, record: Record) -> bool:
        return self._places.get(record.id) == record.uri


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
