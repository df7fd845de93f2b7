"""The best records of each value of a field, over any search whose pages fit together.

A server's own grouping is not used: it takes one column, knows no threshold and no pages, and what
it answers depends on how many groups are asked for.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

from lookalike.errors import FilterError, UsageError
from lookalike.filters import Comparison, Field, Filter, IsNull, Not, OneOf, all_of, parse
from lookalike.filters.fields import Scalar
from lookalike.records import Record
from lookalike.stores.base import Neighbour

Search = Callable[[int, Filter | None], list[Neighbour]]
"""search(limit, where): the first `limit` answers in a fixed order."""
Records = Callable[[Sequence[Neighbour]], "list[Record | None]"]
"""The records of answers."""

_AT_FIRST = 4
"""Times as many answers as groups are looked at first."""
_GROWTH = 4
_DEPTH = 1024
"""Answers that are read one by one; further down, those of groups already seen are left out."""
_FURTHER = 256
"""Answers that are read at a time there."""
_ID = Field(("id",), system=True)
MOST_OF_A_GROUP = 1000


@dataclass(frozen=True, slots=True)
class Grouping:
    """At most `size` records of each value of a field, which is a text, a number or a truth.

    Records without a value, or with a list, stand alone.
    """

    field: Field
    size: int = 1

    @classmethod
    def of(cls, field: str | None, size: int = 1) -> "Grouping | None":
        """`parse`, or None without a field.

        Raises:
            UsageError: as `parse` does, or there is a size without a field.
        """
        if field is None and size != 1:
            raise UsageError("a size of groups was given without a field to group by")
        return None if field is None else cls.parse(field, size)

    @classmethod
    def parse(cls, field: str, size: int = 1) -> "Grouping":
        """Of a field's name as filters write it, such as `article` or `attributes.size`.

        Raises:
            UsageError: it names no field, or the size is not from 1 to 1,000.
        """
        try:
            found = parse(f"{field} is null") if isinstance(field, str) else None
        except FilterError:
            found = None
        if not isinstance(found, IsNull):
            raise UsageError(
                f"results are grouped by one field, such as article or tenant, not {field!r}: put "
                "a name with odd characters into backticks"
            )
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= MOST_OF_A_GROUP:
            raise UsageError(f"a group shows 1 to {MOST_OF_A_GROUP:,} records, not {size!r}")
        return cls(found.field, size)

    def value_of(self, record: Record) -> Scalar | None:
        """What the record is grouped by; None where it stands alone."""
        value = self.field.value(record)
        return value if isinstance(value, str | bool | int | float) else None

    def key_of(self, record: Record) -> Hashable:
        """What is the same for the members of one group; true is no number here."""
        value = self.value_of(record)
        return ("alone", record.id) if value is None else (isinstance(value, bool), value)

    def same(self, value: Scalar) -> Filter:
        """Passes the records of one group, and perhaps some others."""
        return Comparison(self.field, "==", self.literal(value))

    def literal(self, value: Scalar) -> Scalar:
        """A value as a filter compares it."""
        whole = isinstance(value, int) and not isinstance(value, bool)
        return float(value) if whole and self.field.kind != "id" else value

    def stands_alone(self, one: Neighbour) -> bool:
        """Whether an answer's record is in no group."""
        return one.record is not None and self.value_of(one.record) is None


def grouped(
    search: Search,
    records: Records,
    grouping: Grouping,
    limit: int,
    offset: int,
    where: Filter | None,
) -> list[Neighbour]:
    """The best of each of `limit` groups, group after group, in order of the best of each.

    Of the first `_DEPTH` answers as many are read as it takes to see so many groups; after those,
    answers of other groups, until no value is left but in lists that hold one already seen. Neither
    depends on the page. `offset` groups are skipped.
    """
    end = offset + limit
    size, seen_before = min(_AT_FIRST * end, _DEPTH), 0

    def others(most: int) -> list[Neighbour]:
        """The first of the answers in other groups, but for lists that hold values already seen."""
        firsts = [members[0] for members in groups.values()]
        values = [grouping.value_of(one.record) for one in firsts if one.record is not None]
        named = tuple(grouping.literal(value) for value in values if value is not None)
        alone = tuple(one.id for one in firsts if grouping.stands_alone(one))
        excluded = (OneOf(grouping.field, named), OneOf(_ID, alone))
        return search(most, all_of(where, *(Not(one) for one in excluded if one.values)))

    while True:
        found = search(size, where)
        groups = _in_groups(_with_records(found, records), grouping)
        whole = len(found) < size
        done = whole or len(groups) >= end or (len(groups) == seen_before and not others(1))
        if done or size == _DEPTH:
            break
        seen_before = len(groups)
        size = min(size * _GROWTH, _DEPTH)
    while not done and len(groups) < end:
        new = _in_groups(_with_records(others(_FURTHER), records), grouping)
        done = new.keys() <= groups.keys()
        groups = groups | new
    page: list[Neighbour] = []
    for seen in list(groups.values())[offset:end]:
        record = seen[0].record
        value = None if record is None else grouping.value_of(record)
        if len(seen) >= grouping.size or whole or value is None:
            page += seen[: grouping.size]
        else:
            page += _members(search, records, grouping, value, where, seen[0])
    return page


def _members(
    search: Search,
    records: Records,
    grouping: Grouping,
    value: Scalar,
    where: Filter | None,
    best: Neighbour,
) -> list[Neighbour]:
    """The best records of a group, first the one that it is known by."""
    key = (isinstance(value, bool), value)
    both = all_of(where, grouping.same(value))
    size = _GROWTH * grouping.size
    while True:
        found = _with_records(search(size, both), records)
        own = [
            one
            for one in found
            if one.record is not None and one.id != best.id and grouping.key_of(one.record) == key
        ]
        if len(found) < size or len(own) >= grouping.size - 1:
            return [best, *own[: grouping.size - 1]]
        size *= _GROWTH


def _with_records(found: Sequence[Neighbour], records: Records) -> list[Neighbour]:
    """The answers with their records, without those whose record is gone."""
    pairs = zip(found, records(found), strict=True)
    return [replace(one, record=record) for one, record in pairs if record is not None]


def _in_groups(found: Sequence[Neighbour], grouping: Grouping) -> dict[Hashable, list[Neighbour]]:
    groups: dict[Hashable, list[Neighbour]] = {}
    for one in found:
        if one.record is not None:
            groups.setdefault(grouping.key_of(one.record), []).append(one)
    return groups
