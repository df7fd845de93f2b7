"""Text → filter: `price < 20 and colour in ["red", "blue"]`."""

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from lookalike.errors import FilterError
from lookalike.filters.complaints import at_place, explain
from lookalike.filters.fields import SYSTEM_FIELDS, Field
from lookalike.filters.literals import number_for, text_of, time_of
from lookalike.filters.nodes import And, Comparison, Filter, IsNull, Not, OneOf, Operator, Or

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

    from lookalike.filters.fields import Scalar

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 32
MAX_CONDITIONS = 300
"""SQLite refuses expressions nested deeper than 1,000, and `a or b or c` nests with each term."""

MAX_VALUES = 10_000
"""Literals in one filter; SQLite binds 32,766 values in one statement."""

_ORDER = ("<", "<=", ">", ">=")
_OPERATORS: dict[str, Operator] = {"=": "==", **{name: name for name in get_args(Operator)}}


def parse(text: str) -> Filter:
    """Parse a filter expression.

    Operators: `== = != < <= > >=`, `in`, `not in`, `is null`, `is not null`, `startswith`,
    `contains`, `and`, `or`, `not`, parentheses. Fields: `id uri tenant size width height format
    added updated modified`; every other name, and every name after `attributes.`, is an
    attribute.

    Raises:
        FilterError: the message shows the place and what was expected there.
    """
    from lark.exceptions import UnexpectedInput

    if len(text) > MAX_CHARACTERS:
        raise FilterError(
            f"The filter has {len(text):,} characters; {MAX_CHARACTERS:,} are the most. "
            "Put what those records have in common into an attribute and filter on that."
        )
    if not text.strip():
        raise FilterError('The filter is empty. Write one such as: price < 20 and colour == "red"')
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise explain(text, error) from None
    return _Builder(text).build(tree)


@lru_cache(maxsize=1)
def _parser() -> "Lark":
    from lark import Lark

    grammar = (files("lookalike.filters") / "grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", postlex=_DepthGuard())


class _DepthGuard:
    """Refuses deep nesting while tokens stream by, before anything recurses into it."""

    always_accept: ClassVar[tuple[str, ...]] = ()

    def process(self, stream: "Iterator[Token]") -> "Iterator[Token]":
        depth = 0
        previous = ""
        run = 0
        for token in stream:
            if token.type == "LPAR":
                depth += 1
            elif token.type == "RPAR":
                depth -= 1
            run = run + 1 if token.type == previous == "_NOT" else 0
            previous = token.type
            if depth > MAX_DEPTH or run > MAX_DEPTH:
                raise FilterError(
                    f"The filter nests deeper than {MAX_DEPTH} levels: "
                    "take out parentheses and double negations that are not needed."
                )
            yield token


class _Builder:
    """Turns the parser's tree into nodes, checking each literal against its field."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.conditions = 0
        self.values = 0

    def build(self, tree: "Tree[Token]") -> Filter:
        match tree.data:
            case "any_of":
                return Or(tuple(self.build(child) for child in _trees(tree)))
            case "all_of":
                return And(tuple(self.build(child) for child in _trees(tree)))
            case "negate":
                return Not(self.build(_trees(tree)[0]))
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            raise FilterError(
                f"The filter has more than {MAX_CONDITIONS} conditions: "
                "use `in [...]` for many values of one field."
            )
        field = self.field(_trees(tree)[0])
        match tree.data:
            case "is_null":
                return IsNull(field)
            case "is_not_null":
                return Not(IsNull(field))
            case "one_of":
                return self.one_of(field, _trees(tree)[1])
            case "none_of":
                return Not(self.one_of(field, _trees(tree)[1]))
        _, operator, scalar = tree.children
        return self.compare(field, operator, scalar.children[0])  # type: ignore[arg-type, union-attr]

    def field(self, tree: "Tree[Token]") -> Field:
        tokens: list[Any] = tree.children
        keys = tuple(self.key(token) for token in tokens)
        if len(keys) > MAX_KEYS:
            raise FilterError(
                f"The field {'.'.join(keys[:3])}… goes deeper than {MAX_KEYS} keys: no attribute "
                "is nested that deep."
            )
        if tokens[0].type == "NAME":
            if len(keys) == 1 and keys[0] in SYSTEM_FIELDS:
                return Field(keys, system=True)
            if len(keys) > 1 and keys[0] == "attributes":
                return Field(keys[1:])
        return Field(keys)

    def key(self, token: "Token") -> str:
        if token.type == "STRING":
            return text_of(self.text, token)
        return token[1:-1] if token.type == "TICKED" else str(token)

    def one_of(self, field: Field, tree: "Tree[Token]") -> Filter:
        scalars: list[Any] = [child for child in tree.children if child is not None]
        self.values += len(scalars)
        if self.values > MAX_VALUES:
            raise FilterError(
                f"The filter lists more than {MAX_VALUES:,} values: "
                "put what those records have in common into an attribute and filter on that."
            )
        return OneOf(field, tuple(self.literal(field, "in", one.children[0]) for one in scalars))

    def compare(self, field: Field, operator: "Token", token: "Token") -> Filter:
        name = operator.lower()
        if token.type == "NULL":
            if name not in ("==", "=", "!="):
                raise at_place(self.text, token, f"null has no order: write `{field} is null`")
            return Not(IsNull(field)) if name == "!=" else IsNull(field)
        value = self.literal(field, name, token)
        if name == "!=":
            return Not(Comparison(field, "==", value))
        return Comparison(field, _OPERATORS[name], value)

    def literal(self, field: Field, operator: str, token: "Token") -> "Scalar":
        """The literal's value, refused where it could never be right for the field."""
        kind = field.kind
        if token.type == "NULL":
            raise at_place(self.text, token, f"null cannot be in a list: write `{field} is null`")
        if operator in ("startswith", "contains"):
            if kind not in ("text", "any"):
                raise at_place(self.text, token, f"`{operator}` needs a text field; {_is(field)}")
            if token.type != "STRING":
                raise at_place(self.text, token, f"`{operator}` needs text in quotes")
            return text_of(self.text, token)
        if token.type in ("TRUE", "FALSE"):
            if kind != "any":
                raise at_place(self.text, token, f"true and false do not fit: {_is(field)}")
            if operator in _ORDER:
                raise at_place(self.text, token, "true and false have no order: use == or !=")
            return token.type == "TRUE"
        if token.type == "NUMBER":
            if kind == "text":
                raise at_place(self.text, token, f"put the value in quotes: {_is(field)}")
            return number_for(self.text, token, kind)
        if kind == "time":
            return time_of(self.text, token)
        if kind not in ("text", "any"):
            raise at_place(self.text, token, f"write a number without quotes: {_is(field)}")
        if operator in _ORDER:
            raise at_place(
                self.text,
                token,
                "text has no order here: compare numbers with < and >, "
                "or find text with ==, in, startswith or contains",
            )
        return text_of(self.text, token)


def _trees(tree: "Tree[Token]") -> "list[Tree[Token]]":
    children: list[Any] = tree.children
    return [child for child in children if hasattr(child, "data")]


def _is(field: Field) -> str:
    words = {"id": "a whole number", "text": "text", "number": "a number", "time": "a time"}
    return f"`{field}` is {words[field.kind]}"


MAX_KEYS = 16
"""Most keys in the path of one field."""
