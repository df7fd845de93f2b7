"""What people decided about pairs of records, and what follows for groups."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lookalike.records import Decision


@dataclass(frozen=True)
class Decided:
    """Decisions, looked up by record id.

    `different` are the ids that each is no duplicate of; `settled` maps each id to the ids with
    which it is settled, and how.
    """

    different: Mapping[int, set[int]] = field(default_factory=dict)
    settled: Mapping[int, dict[int, Literal["keep", "ignore"]]] = field(default_factory=dict)

    @classmethod
    def of(cls, decisions: Iterable[Decision]) -> "Decided":
        """Sort out a store's decisions."""
        different: dict[int, set[int]] = defaultdict(set)
        settled: dict[int, dict[int, Literal["keep", "ignore"]]] = defaultdict(dict)
        for one in decisions:
            for a, b in ((one.first, one.second), (one.second, one.first)):
                if one.kind == "different":
                    different[a].add(b)
                else:
                    settled[a][b] = one.kind
        return cls(different, settled)

    def how(self, id_: int, group: Collection[int]) -> Literal["", "keep", "ignore"]:
        """What was decided about a record and any other of its group."""
        kinds = {kind for other, kind in self.settled.get(id_, {}).items() if other in group}
        return "keep" if "keep" in kinds else ("ignore" if kinds else "")

    def closes(self, group: Sequence[int]) -> bool:
        """Whether nothing is left to ask about a group: decisions tie all of it together."""
        left, reached = set(group), [group[0]]
        left.discard(group[0])
        while reached and left:
            near = left & self.settled.get(reached.pop(), {}).keys()
            left -= near
            reached.extend(near)
        return not left
