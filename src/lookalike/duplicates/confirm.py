"""Links between plain pictures, held only where their pixels say the same.

To hashes and embeddings an invoice, a chart or a product on white is nearly as like another one as
it is like a copy of itself.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling

from lookalike import imaging
from lookalike.copies.reading import decode_record
from lookalike.duplicates.components import components
from lookalike.duplicates.edges import Edges, Evidence, edges, joined
from lookalike.duplicates.rows import Rows
from lookalike.errors import PictureError
from lookalike.imaging.ink import same_ink
from lookalike.imaging.patches import same_patches
from lookalike.imaging.plain import is_plain
from lookalike.processors import processors
from lookalike.records import Record
from lookalike.sources.uri import is_url
from lookalike.stores.base import Progress, Store

MOST = 4000
"""Pairs that are compared by their pixels, the likest first: two minutes on two cores."""

_LIKE = 0.96
"""Correlation of two reduced pictures from which they are compared. Of drawn invoices, charts and
products that were shrunk to a third and compressed it is at least 0.995; of other invoices 0.95."""

_SIDE = 1024
"""Longer side in pixels of the pictures that are compared."""

_SMALL = 32
"""The side of those that say which pictures are compared at all."""

_ASPECT = 1.05
"""How much wider than the other a picture may be."""

_AT_A_TIME = 512
_TRIED = 3
"""Members of a set of which one is looked at: files may be gone."""

_KEPT = 32
"""Pictures that are kept in memory, 3 MB each."""


@dataclass(frozen=True, slots=True, eq=False)
class _Form:
    """A picture, whole or without its border, as it may be laid over another.

    `small` (32 × 32,) float32 has a mean of 0 and a length of 1, or is 0 of one plain area.
    """

    record: Record
    trimmed: bool
    plain: bool
    aspect: float
    small: NDArray[np.float32]


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
        image = None if record is None else _read(record, 96)
        if image is not None:
            return is_plain(image)
    return False


def _compared(
    store: Store, rows: Rows, some: NDArray[np.int64], own: Edges, most: int, pool: Executor
) -> tuple[Edges, int]:
    """The edges of one set that hold, and how many pairs there were to compare."""
    places = dict(zip(rows.ids[some].tolist(), some.tolist(), strict=True))
    forms: list[_Form] = []
    for start in range(0, len(some), _AT_A_TIME):
        records = [one for one in store.get(list(places)[start : start + _AT_A_TIME]) if one]
        forms += [form for each in pool.map(_forms, records) for form in each]
    plain = {places[form.record.id]: form.plain for form in forms if not form.trimmed}
    trusted = [
        first not in plain or second not in plain or not (plain[first] or plain[second])
        for first, second in zip(own.first.tolist(), own.second.tolist(), strict=True)
    ]
    pairs, asked = _like(forms)
    group = {id_: id_ for id_ in places}
    picture = lru_cache(_KEPT)(_picture)
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


def _like(forms: Sequence[_Form]) -> tuple[list[tuple[int, int]], int]:
    """The pairs of forms to compare, the likest first, one of each two at least plain.

    Returns:
        At most `MOST` of them, and how many there are.
    """
    small = np.stack([form.small for form in forms]) if forms else np.empty((0, 1), np.float32)
    aspect = np.array([form.aspect for form in forms])
    plain = np.array([form.plain for form in forms], np.bool_)
    ids = np.array([form.record.id for form in forms])
    found: list[tuple[float, int, int]] = []
    count = 0
    for a in range(len(forms) - 1):
        cosine = small[a + 1 :] @ small[a]
        wide = np.maximum(aspect[a + 1 :] / aspect[a], aspect[a] / aspect[a + 1 :])
        fits = (cosine >= _LIKE) & (wide <= _ASPECT) & (plain[a] | plain[a + 1 :])
        fits &= ids[a + 1 :] != ids[a]
        count += int(fits.sum())
        found += [(-float(cosine[b]), a, a + 1 + int(b)) for b in np.flatnonzero(fits)]
        if len(found) > 8 * MOST:
            found = sorted(found)[:MOST]
    return [(a, b) for _, a, b in sorted(found)[:MOST]], count


def _apart(
    pairs: Iterator[tuple[_Form, _Form]], group: dict[int, int]
) -> Iterator[tuple[_Form, _Form]]:
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


def _picture(form: _Form) -> Image | None:
    whole = _read(form.record, _SIDE)
    cut = imaging.trimmed(whole) if whole is not None and form.trimmed else None
    image = whole if cut is None else cut.image
    if image is not None:
        image.thumbnail((_SIDE, _SIDE), Resampling.BOX)
    return image


def _forms(record: Record) -> list[_Form]:
    """A picture whole, and without its border where it has one; none if it cannot be read."""
    image = _read(record, _SIDE)
    if image is None:
        return []
    cut = imaging.trimmed(image)
    plain = is_plain(image)
    pictures = [image] if cut is None else [image, cut.image]
    return [
        _Form(record, bool(place), plain, one.width / one.height, _reduced(one))
        for place, one in enumerate(pictures)
    ]


def _reduced(image: Image) -> NDArray[np.float32]:
    small = image.convert("L").resize((_SMALL, _SMALL), Resampling.BOX)
    levels = np.asarray(small, np.float32).ravel()
    levels -= levels.mean()
    return levels / max(float(np.linalg.norm(levels)), 1e-6)


def _read(record: Record, side: int) -> Image | None:
    """The picture as it was indexed; None where it cannot be read, or is on the web."""
    if is_url(record.uri):
        return None
    try:
        return decode_record(record, min_side=side, timeout=0)
    except (PictureError, OSError):
        return None
