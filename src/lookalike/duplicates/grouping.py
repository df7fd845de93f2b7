"""Groups of records out of edges.

What is sure (the same digest, near hashes) makes groups by itself: they are the connected
components, exactly. Embeddings are not trusted to lead from picture to picture, because in a series
of look-alikes each is a little like the next. The picture that most others are near is the centre
of a group, and a picture joins by its embedding only when it is near the centre, or near at least
half of the group (star clustering: Aslam, Pelekhov and Rus 2004). Pictures that surely are copies
of each other count as one here.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.duplicates.components import components
from lookalike.duplicates.edges import Edges, Evidence

SURE = (Evidence.BYTES, Evidence.PIXELS, Evidence.HASH)


def groups(found: Edges, rank: NDArray[np.int64]) -> list[list[int]]:
    """The rows of each group of two or more, the best first.

    Args:
        found: the edges.
        rank: (n,) a number for each row of the table, all different, smaller for better; of rows
            without an edge it does not matter.
    """
    rows = np.unique(np.concatenate([found.first, found.second]))
    first, second = np.searchsorted(rows, found.first), np.searchsorted(rows, found.second)
    sure = np.isin(found.evidence, SURE)
    core = components(len(rows), first[sure], second[sure])
    order = np.lexsort((rank[rows], core))
    heads = np.flatnonzero(np.r_[True, np.diff(core[order]) > 0]) if len(rows) else order
    members = np.split(order, heads[1:])
    members.sort(key=lambda some: int(rank[rows[some[0]]]))
    number = np.empty(len(rows), np.int64)
    for place, some in enumerate(members):
        number[some] = place
    centres = _centres(len(members), number[first[~sure]], number[second[~sure]])
    together: dict[int, list[int]] = defaultdict(list)
    for place, centre in enumerate(centres):
        together[centre].extend(members[place].tolist())
    return [
        sorted(rows[some].tolist(), key=lambda row: int(rank[row]))
        for some in together.values()
        if len(some) > 1
    ]


def _centres(count: int, first: NDArray[np.int64], second: NDArray[np.int64]) -> list[int]:
    """The core at the centre of each core's group; cores are numbered from the best."""
    near: dict[int, set[int]] = defaultdict(set)
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        if a != b:
            near[a].add(b)
            near[b].add(a)
    centre = list(range(count))
    size = [1] * count
    taken = [False] * count
    for core in sorted(near, key=lambda one: (-len(near[one]), one)):
        if taken[core]:
            continue
        taken[core] = True
        for other in near[core]:
            if not taken[other]:
                taken[other] = True
                centre[other] = core
                size[core] += 1
    for core in sorted(near):
        if centre[core] != core or size[core] > 1:
            continue
        links: dict[int, int] = defaultdict(int)
        for other in near[core]:
            links[centre[other]] += 1
        group, linked = min(links.items(), key=lambda one: (-one[1], one[0]))
        if 2 * linked >= size[group]:
            centre[core] = group
            size[group] += 1
    return centre


def apart(
    group: Sequence[int], found: Mapping[int, set[int]], different: Mapping[int, set[int]]
) -> list[list[int]]:
    """A group parted so that no two rows that are said to be different stay together.

    Args:
        group: rows, the best first.
        found: the rows that each row has an edge with.
        different: the rows that each row is no duplicate of.
    """
    parts: list[list[int]] = []
    for row in group:
        for part in parts:
            some = set(part)
            if some & found[row] and not some & different.get(row, set()):
                part.append(row)
                break
        else:
            parts.append([row])
    return [part for part in parts if len(part) > 1]
