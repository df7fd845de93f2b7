"""A filter as an SQL condition on the catalogue's `records r`; every value and key is bound."""

from typing import Any

from lookalike.filters import And, Comparison, Field, Filter, IsNull, Not, OneOf, Or, equal_range

_COLUMNS = {"modified": "(r.modified_ns / 1e9)"}
_INTEGERS = ("size", "width", "height", "duplicate_of")


def compile_filter(where: Filter) -> tuple[str, list[Any]]:
    """The condition's text with a `?` for each value, and the values in order."""
    match where:
        case And(parts):
            return _joined(" AND ", parts, "1")
        case Or(parts):
            return _joined(" OR ", parts, "0")
        case Not(part):
            text, values = compile_filter(part)
            return f"(NOT {text})", values
        case IsNull(Field(path, system=True)):
            return f"({_column(path[0])} IS NULL)", []
        case IsNull(Field(path)):
            text, values = _at_path(path, "{0}.type <> 'null'", [])
            return f"(NOT {text})", values
        case Comparison(field, operator, value):
            return _compared(field, [_test(operator, value, field.system)])
        case OneOf(field, values):
            kinds = [
                [one for one in values if type(one) is kind] for kind in (str, int, float, bool)
            ]
            return _compared(field, [_in(some, field.system) for some in kinds if some])
    raise TypeError(f"not a filter: {where!r}")


_Test = tuple[str, list[Any]]
"""A condition on `{0}`, which is a column, or a row of `json_each` with its value and type."""


def _joined(word: str, parts: tuple[Filter, ...], empty: str) -> tuple[str, list[Any]]:
    compiled = [compile_filter(part) for part in parts]
    text = word.join(text for text, _ in compiled) or empty
    return f"({text})", [value for _, values in compiled for value in values]


def _compared(field: Field, tests: list[_Test]) -> tuple[str, list[Any]]:
    """Any of the tests; false, never unknown, where there is no value."""
    condition = " OR ".join(text for text, _ in tests) or "0"
    values = [value for _, some in tests for value in some]
    if field.system:
        column = _column(field.path[0])
        return f"({column} IS NOT NULL AND ({condition.format(column)}))", values
    element = condition.format("e")
    any_element = f"EXISTS (SELECT 1 FROM json_each({{0}}.value) e WHERE {element})"  # noqa: S608
    either = f"CASE {{0}}.type WHEN 'array' THEN {any_element} ELSE {condition} END"
    return _at_path(field.path, either, values * 2)


def _at_path(path: tuple[str, ...], condition: str, values: list[Any]) -> tuple[str, list[Any]]:
    """The condition on the value at `path` in the attributes, which is there."""
    sources = ["json_each(r.attributes) j0"]
    for depth in range(1, len(path)):
        above = f"j{depth - 1}"
        inside = f"CASE {above}.type WHEN 'object' THEN {above}.value ELSE '{{}}' END"
        sources.append(f"json_each({inside}) j{depth}")
    keys = " AND ".join(f"j{depth}.key = ?" for depth in range(len(path)))
    last = condition.format(f"j{len(path) - 1}")
    text = f"EXISTS (SELECT 1 FROM {', '.join(sources)} WHERE {keys} AND {last})"  # noqa: S608
    return text, [*path, *values]


def _column(name: str) -> str:
    return _COLUMNS.get(name, f"CAST(r.{name} AS REAL)" if name in _INTEGERS else f"r.{name}")


def _test(operator: str, value: Any, system: bool) -> _Test:
    """One comparison with a literal."""
    if operator == "==":
        return _in([value], system)
    if isinstance(value, str):
        place = "{0}" if system else "{0}.value"
        if operator == "contains":
            found = f"instr({place}, ?) > 0"
            return (found, [value]) if system else (f"({{0}}.type = 'text' AND {found})", [value])
        found = f"substr({place}, 1, ?) = ?"
        if not system:
            return f"({{0}}.type = 'text' AND {found})", [len(value), value]
        if value and value[-1] < "\ud7ff":
            # An index on the column needs to look no further than these bounds.
            found = f"({place} >= ? AND {place} < ? AND {found})"
            return found, [value, value[:-1] + chr(ord(value[-1]) + 1), len(value), value]
        return found, [len(value), value]
    low, high = equal_range(value) if isinstance(value, float) else (value, value)
    bound = low if operator in ("<", ">=") else high
    if system:
        return f"{{0}} {operator} ?", [bound]
    return f"({_IS_NUMBER} AND {_NUMBER} {operator} {_LITERAL})", [repr(bound)]


_IS_NUMBER = "{0}.type IN ('integer', 'real')"
_NUMBER = "CAST({0}.value AS REAL)"
_LITERAL = "CAST(? AS REAL)"
"""As text, so that both sides of a comparison go through SQLite's own reading of decimals."""


def _in(values: list[Any], system: bool) -> _Test:
    """Equality with any of several literals of one type."""
    kind = type(values[0])
    if kind is float:
        return _in_numbers(values, system)
    marks = ", ".join("?" * len(values))
    if system:
        return f"{{0}} IN ({marks})", values
    if kind is bool:
        return f"{{0}}.type IN ({marks})", ["true" if value else "false" for value in values]
    return f"({{0}}.type = 'text' AND {{0}}.value IN ({marks}))", values


def _in_numbers(values: list[float], system: bool) -> _Test:
    number, literal = ("{0}", "?") if system else (_NUMBER, _LITERAL)
    bounds: list[Any] = [bound for value in values for bound in equal_range(value)]
    if len(values) == 1:
        text = f"{number} BETWEEN {literal} AND {literal}"
    else:
        # SQLite nests a chain of OR as deep as it is long, and refuses it at a thousand.
        rows = ", ".join([f"({literal}, {literal})"] * len(values))
        among = f"(VALUES {rows}) WHERE {number} BETWEEN column1 AND column2"
        text = f"EXISTS (SELECT 1 FROM {among})"  # noqa: S608
    if system:
        return text, bounds
    return f"({_IS_NUMBER} AND {text})", [repr(bound) for bound in bounds]
