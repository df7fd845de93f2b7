"""Links between plain pictures, held only where their pixels say the same.

To hashes and embeddings an invoice, a chart or a product on white is nearly as like another one as
it is like a copy of itself.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import lru_cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from lookalike.duplicates.components import components
from lookalike.duplicates.edges import Edges, Evidence, edges, joined
from lookalike.duplicates.forms import Form, forms_of, like, picture_of, read
from lookalike.duplicates.rows import Rows
from lookalike.imaging.ink import same_ink
from lookalike.imaging.patches import same_patches
from lookalike.imaging.plain import is_plain
from lookalike.processors import processors
from lookalike.records import Record
from lookalike.stores.base import Progress, Store

MOST = 4000
"""Pairs that are compared by their pixels, the likest first: 150 s on two cores."""

_AT_A_TIME = 512
_TRIED = 3
"""Members of a set of which one is looked at: files may be gone."""

_KEPT = 32
"""Pictures that are kept in memory, 3 MB each."""


def confirmed(
    store: Store, rows: Rows, found: Edges, progress: Progress | None
) -> tuple[Edges, list[str]]:
    """The edges without those by hashes and embeddings between plain pictures that differ.

    One picture of each linked set is read; if it is plain, all of them are, and those that have
    the same ink everywhere are linked instead. What cannot be read stays linked.

    Args:
        store: where the records are.
        rows: the table.
        found: edges, of all kinds of evidence.
        progress: called as progress(stage, done, total).

    Returns:
        The edges, and what to tell the user.
    """
    loose = np.isin(found.evidence, (Evidence.HASH, Evidence.EMBEDDING))
    likely = found.where(loose)
    if not len(likely):
        return found, []
    label = components(len(rows), likely.first, likely.second)
    members = np.unique(np.concatenate([likely.first, likely.second]))
    members = members[np.argsort(label[members], kind="stable")]
    sets = np.split(members, np.flatnonzero(np.diff(label[members])) + 1)
    with ThreadPoolExecutor(processors()) as pool:
        plain = _plain_sets(store, rows, sets, pool, progress)
        if not plain:
            return found, []
        within = np.isin(label[likely.first], [label[sets[one][0]] for one in plain])
        parts = [found.where(~loose), likely.where(~within)]
        left = MOST
        dropped = 0
        for done, one in enumerate(plain, 1):
            own = likely.where(label[likely.first] == label[sets[one][0]])
            kept, asked = _compared(store, rows, sets[one], own, left, pool)
            dropped += max(0, asked - left)
            left = max(0, left - asked)
            parts.append(kept)
            if progress is not None:
                progress("compare plain pictures", done, len(plain))
    notices = [_MANY.format(dropped)] if dropped else []
    return joined(parts), notices


_MANY = (
    "{:,} pairs of plain pictures, such as documents, were too many to compare by their pixels, "
    "and are left out"
)


def _plain_sets(
    store: Store,
    rows: Rows,
    sets: Sequence[NDArray[np.int64]],
    pool: Executor,
    progress: Progress | None,
) -> list[int]:
    """The places of the sets whose picture is plain, as far as one can be read."""
    found: list[int] = []
    for start in range(0, len(sets), _AT_A_TIME):
        some = sets[start : start + _AT_A_TIME]
        tried = [rows.ids[one[:_TRIED]].tolist() for one in some]
        records = iter(store.get([id_ for ids in tried for id_ in ids]))
        groups = [list(islice(records, len(ids))) for ids in tried]
        found += [
            start + place for place, plain in enumerate(pool.map(_any_plain, groups)) if plain
        ]
        if progress is not None:
            progress("look for plain pictures", start + len(some), len(sets))
    return found


def _any_plain(records: Sequence[Record | None]) -> bool:
    """Whether the first of some records that can be read shows a plain picture."""
    for record in records:
        image = None if record is None else read(record, 96)
        if image is not None:
            return is_plain(image)
    return False


def _compared(
    store: Store, rows: Rows, some: NDArray[np.int64], own: Edges, most: int, pool: Executor
) -> tuple[Edges, int]:
    """The edges of one set that hold, and how many pairs there were to compare."""
    places = dict(zip(rows.ids[some].tolist(), some.tolist(), strict=True))
    forms: list[Form] = []
    for start in range(0, len(some), _AT_A_TIME):
        records = [one for one in store.get(list(places)[start : start + _AT_A_TIME]) if one]
        forms += [form for each in pool.map(forms_of, records) for form in each]
    plain = {places[form.record.id]: form.plain for form in forms if not form.trimmed}
    trusted = [
        first not in plain or second not in plain or not (plain[first] or plain[second])
        for first, second in zip(own.first.tolist(), own.second.tolist(), strict=True)
    ]
    pairs, asked = like(forms, MOST)
    group = {id_: id_ for id_ in places}
    picture = lru_cache(_KEPT)(picture_of)
    found: list[tuple[int, int]] = []
    work = ((forms[a], forms[b]) for a, b in pairs[:most])
    while batch := list(islice(_apart(work, group), 2 * processors())):
        same = pool.map(lambda two: _same(picture(two[0]), picture(two[1])), batch)
        for (one, other), alike in zip(batch, same, strict=True):
            if alike:
                found.append((places[one.record.id], places[other.record.id]))
                group[_head(group, one.record.id)] = _head(group, other.record.id)
    ends = np.array(found, np.int64).reshape(-1, 2)
    new = edges(ends[:, 0], ends[:, 1], Evidence.HASH, 1.0)
    return joined([own.where(np.array(trusted, np.bool_)), new]), asked


def _apart(
    pairs: Iterator[tuple[Form, Form]], group: dict[int, int]
) -> Iterator[tuple[Form, Form]]:
    """Those that nothing has tied together yet."""
    for one, other in pairs:
        if _head(group, one.record.id) != _head(group, other.record.id):
            yield one, other


def _head(group: dict[int, int], id_: int) -> int:
    while group[id_] != id_:
        id_ = group[id_]
    return id_


def _same(one: Image | None, other: Image | None) -> bool:
    if one is None or other is None:
        return False
    # The ink alone forgives other words in little contrast, and files are moved by this.
    return same_ink(one, other) and same_patches(one, other)
