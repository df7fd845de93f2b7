"""A filter as the engine's own, over the fields that `payload` writes."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import qdrant_edge as qdrant

from lookalike.filters import (
    And,
    Comparison,
    Field,
    Filter,
    IsNull,
    Not,
    OneOf,
    Or,
    conditions,
    equal_range,
)
from lookalike.stores.local.payload import (
    LONGEST_PREFIX,
    number_field,
    text_field,
    text_keyword,
    text_start,
    truth_keyword,
)

_NEVER_NULL = ("id", "uri", "tenant", "added", "updated")


def compile_filter(where: Filter, ids_of: Callable[[Filter], Iterable[int]]) -> qdrant.Filter:
    """The engine's form of `where`.

    What the engine cannot do (`contains`, order of ids, very long prefixes) is asked of
    `ids_of`, which returns the ids of the records that pass that one condition.
    """
    return _Compiler(ids_of).filter(where)


def payload_fields(where: Filter) -> Iterator[tuple[str, Literal["keyword", "number"]]]:
    """The payload fields that `where` looks at, and what the engine should index them as."""
    for condition in conditions(where):
        match condition:
            case Comparison(field, _, value):
                yield from _fields(field, (value,))
            case OneOf(field, values):
                yield from _fields(field, values)
            case IsNull(field):
                yield from _fields(field, (0.0,) if field.kind in ("number", "time") else ("", 0.0))


def _fields(
    field: Field, values: tuple[Any, ...]
) -> Iterator[tuple[str, Literal["keyword", "number"]]]:
    if field.kind == "id":
        return
    if any(isinstance(value, float) for value in values) and field.kind != "text":
        yield _number_field(field), "number"
    if any(isinstance(value, str | bool) for value in values):
        yield _text_field(field), "keyword"


def _number_field(field: Field) -> str:
    return field.path[0] if field.system else number_field(field.path)


def _text_field(field: Field) -> str:
    return field.path[0] if field.system else text_field(field.path)


class _Compiler:
    def __init__(self, ids_of: Callable[[Filter], Iterable[int]]) -> None:
        self.ids_of = ids_of

    def filter(self, where: Filter) -> qdrant.Filter:
        match where:
            case And(parts):
                return qdrant.Filter(must=[self.condition(part) for part in parts])
            case Or(parts) if parts:
                return qdrant.Filter(should=[self.condition(part) for part in parts])
            case Not(part):
                return qdrant.Filter(must_not=[self.condition(part)])
        return qdrant.Filter(must=[self.condition(where)])

    def condition(self, where: Filter) -> Any:
        match where:
            case Comparison(field, operator, value):
                return self.comparison(where, field, operator, value)
            case OneOf(field, values):
                return _one_of(field, values)
            case IsNull(field):
                return _is_null(field)
            case Or(()):
                return _nothing()
        return self.filter(where)

    def comparison(self, where: Filter, field: Field, operator: str, value: Any) -> Any:
        if operator == "==":
            return _one_of(field, (value,))
        if isinstance(value, float):
            return _in_range(field, operator, value)
        if operator == "startswith":
            if field.system:
                return qdrant.FieldCondition(field.path[0], match=qdrant.MatchPrefix(value))
            if len(value) <= LONGEST_PREFIX:
                start = qdrant.MatchPrefix(text_start(value))
                return qdrant.FieldCondition(text_field(field.path), match=start)
        return qdrant.HasIdCondition(set(self.ids_of(where)))


def _one_of(field: Field, values: tuple[Any, ...]) -> Any:
    if field.kind == "id":
        return qdrant.HasIdCondition({value for value in values if value >= 0})
    conditions = [_in_range(field, "==", value) for value in values if isinstance(value, float)]
    words = [
        value if field.system else text_keyword(value) for value in values if isinstance(value, str)
    ]
    words += [truth_keyword(value) for value in values if isinstance(value, bool)]
    if words:
        conditions.append(qdrant.FieldCondition(_text_field(field), match=qdrant.MatchAny(words)))
    if not conditions:
        return _nothing()
    return conditions[0] if len(conditions) == 1 else qdrant.Filter(should=conditions)


def _in_range(field: Field, operator: str, value: float) -> Any:
    low, high = equal_range(value)
    bounds: dict[str, dict[str, float]] = {
        "==": {"gte": low, "lte": high},
        "<": {"lt": low},
        "<=": {"lte": high},
        ">": {"gt": high},
        ">=": {"gte": low},
    }
    return qdrant.FieldCondition(_number_field(field), range=qdrant.RangeFloat(**bounds[operator]))


def _is_null(field: Field) -> Any:
    if not field.system:
        names = (text_field(field.path), number_field(field.path))
        return qdrant.Filter(must=[qdrant.IsEmptyCondition(name) for name in names])
    if field.path[0] in _NEVER_NULL:
        return _nothing()
    return qdrant.IsEmptyCondition(field.path[0])


def _nothing() -> Any:
    return qdrant.HasIdCondition(set())
