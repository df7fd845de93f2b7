"""From the levels of several answers to ids: nearest first, ties by id, each once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.hamming.part import Ids, Slice, among

Keep = Callable[[Ids], NDArray[np.bool_]]
"""Says of (n,) int64 ids which may be in an answer."""

_BLOCK = 1 << 16
_ROOM = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """An answer: (n,) int64 ids and their (n,) uint16 distances in bits, nearest first."""

    ids: Ids
    distances: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.ids)


def collect(
    slices_at: Callable[[int], Sequence[Slice]],
    levels: Iterable[int],
    limit: int | None,
    keep: Keep | None,
    repeats: bool,
) -> Found:
    """The first `limit` ids.

    Args:
        slices_at: the ids at a distance.
        levels: the distances at which there may be any, ascending.
        limit: None for all.
        keep: which ids may be there.
        repeats: whether an id may come more than once.
    """
    ids: list[Ids] = []
    distances: list[int] = []
    seen = np.empty(0, np.int64)
    left = limit
    for level in levels:
        if left is not None and left <= 0:
            break
        block = _BLOCK if left is None else max(_ROOM, 2 * left)
        for merged in _ascending(slices_at(level), block, everything=left is None):
            some = merged
            if repeats:
                some = _first(some)
                some = some[~among(some, seen)]
                seen = np.union1d(seen, some)
            if keep is not None and len(some):
                some = some[np.asarray(keep(some), np.bool_)]
            some = some[:left]
            ids.append(some)
            distances.append(level)
            if left is not None:
                left -= len(some)
                if left <= 0:
                    break
    if not ids:
        return Found(np.empty(0, np.int64), np.empty(0, np.uint16))
    counts = [len(some) for some in ids]
    # Millions of equal hashes are not copied once more than need be.
    all_ids = ids[0] if len(ids) == 1 else np.concatenate(ids)
    return Found(all_ids, np.repeat(np.array(distances, np.uint16), counts))


def _ascending(slices: Sequence[Slice], block: int, *, everything: bool) -> Iterator[Ids]:
    """The ids of ascending slices, merged, without those gone: a block, then larger ones."""
    left = [(ids, gone) for ids, gone in slices if len(ids)]
    while left:
        heads = [ids if everything else ids[:block] for ids, _ in left]
        cut = [head[-1] for head, (ids, _) in zip(heads, left, strict=True) if len(head) < len(ids)]
        taken, rest = [], []
        for head, (ids, gone) in zip(heads, left, strict=True):
            count = int(np.searchsorted(head, min(cut), "right")) if cut else len(head)
            some = head[:count].astype(np.int64)
            taken.append(some[~among(some, gone)] if len(gone) else some)
            if count < len(ids):
                rest.append((ids[count:], gone))
        if len(taken) == 1:
            yield taken[0]
        else:
            yield np.sort(np.concatenate(taken))
        left = rest
        block *= 2


def _first(ids: Ids) -> Ids:
    """Ascending ids, each once."""
    new = np.ones(len(ids), np.bool_)
    new[1:] = ids[1:] != ids[:-1]
    return ids[new]
