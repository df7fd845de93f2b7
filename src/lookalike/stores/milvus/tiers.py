"""How hard an index looks for answers, by how far down the list they are.

What an approximate index answers depends on how hard it looks, and it must look harder the more
answers are asked for. For pages of one query to fit together, how hard it looks at each depth must
not depend on the page: see `ordering`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lookalike.indexes import IndexSpec, search_parameters
from lookalike.indexes.parameters import Value
from lookalike.stores.milvus.asking import WINDOW

_SECOND = 1024


@dataclass(frozen=True, slots=True)
class Tier:
    """The parameters that the first `most` answers are looked for with."""

    most: int
    parameters: Mapping[str, Value]


def tiers_of(index: IndexSpec) -> list[Tier]:
    """The tiers of an index, each looking harder than the one before."""
    usual = search_parameters(index, "milvus", 1)
    growing = [one for one in index.table.search if one.name in usual and one.at_least_limit]
    depths = {WINDOW}
    if growing:
        first = min(int(usual[one.name]) for one in growing)
        most = min(WINDOW, *(int(one.high) for one in growing))
        depths = {min(depth, most) for depth in (first, max(first, _SECOND), WINDOW)}
    tiers = [Tier(depth, search_parameters(index, "milvus", depth)) for depth in sorted(depths)]
    if "nprobe" in usual and "nlist" in index.build:
        # Cells that were not looked into may hold more.
        every = {**tiers[-1].parameters, "nprobe": index.build["nlist"]}
        tiers.append(Tier(tiers[-1].most, every))
    return tiers
