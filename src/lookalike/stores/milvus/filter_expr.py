"""A filter as a Milvus expression, over the columns and the JSON that `filterable` makes.

What a server cannot say (`contains`, the start of a text within a list) becomes an expression that
is true of more records, and the answer is then checked with `Filter.matches`.

No part of a filter is ever pasted into an expression as it is: keys become names of letters,
digits and underscores, texts quoted literals, numbers Python's shortest decimals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lookalike.filters import And, Comparison, Field, Filter, IsNull, Not, OneOf, Or
from lookalike.filters.fields import Scalar
from lookalike.records import AttributeKind
from lookalike.stores.milvus import filter_columns, filter_json, filterable
from lookalike.stores.milvus.filter_terms import (
    EVERY,
    NONE,
    Condition,
    all_of,
    any_of,
    negated,
    quoted,
)

_NEVER_NULL = ("id", "uri", "tenant", "added", "updated")


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression; not `exact`, it also lets records pass that the filter does not.

    `text` is empty where all records pass.
    """

    text: str
    exact: bool

    @property
    def is_empty(self) -> bool:
        """Whether no record can pass."""
        return self.text == NONE


def compile_filter(
    where: Filter | None, declared: Mapping[str, AttributeKind], *, infix: bool = False
) -> Compiled:
    """The expression of a filter.

    Args:
        where: None for all records.
        declared: the attributes that have columns of their own.
        infix: whether the server knows `like "%text%"`.
    """
    if where is None:
        return Compiled("", True)
    compiler = _Compiler(declared, infix)
    text = compiler.text(where, within_not=False)
    return Compiled("" if text == EVERY else text, compiler.exact)


class _Compiler:
    """Makes expressions that are true of more records than the filter; within a `not`, of fewer.

    Servers of other versions differ in whether a comparison with a missing key of the JSON is
    false or unknown; within a `not`, where that counts, the key is asked for as well.
    """

    def __init__(self, declared: Mapping[str, AttributeKind], infix: bool) -> None:
        self.declared = declared
        self.infix = infix
        self.exact = True

    def text(self, where: Filter, within_not: bool) -> str:
        match where:
            case And(parts):
                return all_of([self.text(part, within_not) for part in parts])
            case Or(parts):
                return any_of([self.text(part, within_not) for part in parts])
            case Not(part):
                return negated(self.text(part, not within_not))
            case IsNull(field):
                return self.is_null(field)
            case Comparison(field, operator, value):
                return self.compared(field, operator, (value,), within_not)
            case OneOf(field, values):
                return self.compared(field, "==", values, within_not)
        raise TypeError(f"not a filter: {where!r}")

    def is_null(self, field: Field) -> str:
        name = field.path[0]
        if self.kind(field) is not None:
            return f"{filterable.set_column(name)} == false"
        if not field.system:
            return f"not exists {filter_json.place_of(field)}"
        if name in _NEVER_NULL:
            return NONE
        if name == "format":
            return f"format == {quoted(filterable.ABSENT_TEXT)}"
        return f"{filter_columns.INTEGERS[name][0]} == {filterable.ABSENT}"

    def kind(self, field: Field) -> AttributeKind | None:
        """What a declared attribute holds; None for every other field."""
        if field.system or len(field.path) > 1:
            return None
        return self.declared.get(field.path[0])

    def compared(
        self, field: Field, operator: str, values: Sequence[Scalar], within_not: bool
    ) -> str:
        if not values:
            return NONE
        found = self.condition(field, operator, values)
        if not found.exact:
            self.exact = False
            if within_not:
                return NONE
        if within_not and not field.system and self.kind(field) is None:
            return all_of([filter_json.there(filter_json.place_of(field)), found.text])
        return found.text

    def condition(self, field: Field, operator: str, values: Sequence[Scalar]) -> Condition:
        """A field compared with any of `values`."""
        name = field.path[0]
        if field.kind == "id":
            return filter_columns.ids(operator, [int(value) for value in values])
        texts = [value for value in values if isinstance(value, str)]
        truths = [value for value in values if isinstance(value, bool)]
        numbers = [value for value in values if isinstance(value, float)]
        match field.kind, self.kind(field):
            case "text", _:
                return filter_columns.texts(
                    name, operator, texts, infix=self.infix, may_lack=name == "format"
                )
            case (("number" | "time"), _) if name in filter_columns.INTEGERS:
                return filter_columns.integers(name, operator, numbers)
            case "time", _:
                return filter_columns.numbers(name, operator, numbers)
            case _, "text" | "number" | "boolean":
                return self.declared_condition(name, operator, texts, truths, numbers)
        place = filter_json.place_of(field)
        if operator == "==":
            return filter_json.equal(place, texts, truths, numbers)
        if numbers:
            return filter_json.ordered(place, operator, numbers[0])
        return filter_json.spelt(place, operator, texts[0], self.infix)

    def declared_condition(
        self,
        name: str,
        operator: str,
        texts: Sequence[str],
        truths: Sequence[bool],
        numbers: Sequence[float],
    ) -> Condition:
        column = filterable.attribute_column(name)
        found = Condition(NONE)
        match self.declared[name]:
            case "text" if texts:
                found = filter_columns.texts(column, operator, texts, infix=self.infix)
            case "boolean" if truths:
                found = filter_columns.truths(column, truths)
            case "number" if numbers:
                found = filter_columns.numbers(column, operator, numbers)
        return filter_columns.where_set(filterable.set_column(name), found)
