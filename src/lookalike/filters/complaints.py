"""Errors in a filter, with the place marked."""

from typing import TYPE_CHECKING

from lookalike.errors import FilterError

if TYPE_CHECKING:
    from lark import Token
    from lark.exceptions import UnexpectedInput

_WIDTH = 76

_WORDS = {
    "OPERATOR": "an operator (== != < <= > >= in, is null, startswith, contains)",
    "NAME": "a field name",
    "STRING": "text in quotes",
    "NUMBER": "a number",
    "TRUE": "true or false",
    "NULL": "null",
    "_AND": "and",
    "_OR": "or",
    "_IN": "in",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "a list such as [1, 2]",
    "RSQB": "]",
    "COMMA": "a comma",
    "DOT": ".",
    "$END": "the end",
}
_UNSAID = {"DOT", "_NOT", "LPAR", "_IS", "_IN", "WORD_OPERATOR", "TICKED", "FALSE"}
"""Terminals that would only lengthen the list of what was expected."""


def at_place(text: str, token: "Token", complaint: str) -> FilterError:
    """An error about one token."""
    return _marked(text, token.start_pos or 0, complaint)


def explain(text: str, error: "UnexpectedInput") -> FilterError:
    """An error about text that the grammar does not know."""
    token = getattr(error, "token", None)
    at_end = token is not None and token.type == "$END"
    position = len(text.rstrip()) if at_end else (error.pos_in_stream or 0)
    names = set(getattr(error, "accepts", None) or getattr(error, "expected", None) or ())
    names |= set(getattr(error, "allowed", None) or ())
    if len(names - _UNSAID) >= 1:
        names -= _UNSAID
    words = [word for name, word in _WORDS.items() if name in names]
    expected = f"expected {', '.join(words)}" if words else "cannot be understood"
    quote = text[position : position + 1]
    if quote in ("'", '"', "`") and text.find(quote, position + 1) < 0:
        expected = "this quote is never closed"
    return _marked(text, position, expected)


def _marked(text: str, position: int, complaint: str) -> FilterError:
    """Show the line around `position` with a caret below it."""
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    start = max(start, position - _WIDTH // 2)
    end = min(end, start + _WIDTH)
    line = "".join(char if char.isprintable() else " " for char in text[start:end])
    return FilterError(f"Filter: {complaint}\n  {line}\n  {' ' * (position - start)}^")
