"""A filter as the engine's own, over the fields that `payload` writes."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import qdrant_edge as qdrant

from lookalike.filters import And, Comparison, Field, Filter, IsNull, Not, OneOf, Or
from lookalike.stores.local.payload import (
    LONGEST_PREFIX,
    TOKENS,
    number_field,
    presence,
    text_prefix,
    text_token,
    truth_token,
)

_NEVER_NULL = ("id", "uri", "tenant", "added", "updated")


def compile_filter(where: Filter, ids_of: Callable[[Filter], Iterable[int]]) -> qdrant.Filter:
    """The engine's form of `where`.

    What the engine cannot do (`contains`, order of ids, very long prefixes) is asked of
    `ids_of`, which returns the ids of the records that pass that one condition.
    """
    return _Compiler(ids_of).filter(where)


def number_fields(where: Filter) -> Iterator[str]:
    """The payload fields of numbers that `where` compares."""
    match where:
        case And(parts) | Or(parts):
            for part in parts:
                yield from number_fields(part)
        case Not(part):
            yield from number_fields(part)
        case Comparison(field, _, float()):
            yield _number_key(field)
        case OneOf(field, values) if any(isinstance(value, float) for value in values):
            yield _number_key(field)


def _number_key(field: Field) -> str:
    return field.path[0] if field.system else number_field(field.path)


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
                return self.one_of(field, values)
            case IsNull(field):
                return _is_null(field)
            case Or(()):
                return _nothing()
        return self.filter(where)

    def comparison(self, where: Filter, field: Field, operator: str, value: Any) -> Any:
        if operator == "==":
            return self.one_of(field, (value,))
        if isinstance(value, float):
            return _in_range(field, operator, value)
        if operator == "startswith" and (field.system or len(value) <= LONGEST_PREFIX):
            if field.system:
                return qdrant.FieldCondition(field.path[0], match=qdrant.MatchPrefix(value))
            prefix = qdrant.MatchPrefix(text_prefix(field.path, value))
            return qdrant.FieldCondition(TOKENS, match=prefix)
        return qdrant.HasIdCondition(set(self.ids_of(where)))

    def one_of(self, field: Field, values: tuple[Any, ...]) -> Any:
        if field.kind == "id":
            return qdrant.HasIdCondition({value for value in values if value >= 0})
        texts = [value for value in values if isinstance(value, str)]
        truths = [value for value in values if isinstance(value, bool)]
        conditions = [_in_range(field, "==", value) for value in values if isinstance(value, float)]
        if field.system:
            key, words = field.path[0], texts
        else:
            key = TOKENS
            words = [text_token(field.path, text) for text in texts]
            words += [truth_token(field.path, truth) for truth in truths]
        if words:
            conditions.append(qdrant.FieldCondition(key, match=qdrant.MatchAny(words)))
        if not conditions:
            return _nothing()
        return conditions[0] if len(conditions) == 1 else qdrant.Filter(should=conditions)


def _in_range(field: Field, operator: str, value: float) -> Any:
    bounds: dict[str, dict[str, float]] = {
        "==": {"gte": value, "lte": value},
        "<": {"lt": value},
        "<=": {"lte": value},
        ">": {"gt": value},
        ">=": {"gte": value},
    }
    return qdrant.FieldCondition(_number_key(field), range=qdrant.RangeFloat(**bounds[operator]))


def _is_null(field: Field) -> Any:
    if not field.system:
        token = qdrant.FieldCondition(TOKENS, match=qdrant.MatchValue(presence(field.path)))
        return qdrant.Filter(must_not=[token])
    if field.path[0] in _NEVER_NULL:
        return _nothing()
    return qdrant.IsEmptyCondition(field.path[0])


def _nothing() -> Any:
    return qdrant.HasIdCondition(set())
