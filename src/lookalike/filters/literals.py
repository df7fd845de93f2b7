"""The literals of the filter language: text, numbers and times."""

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lookalike.filters.complaints import at_place

if TYPE_CHECKING:
    from lark import Token

    from lookalike.filters.fields import Kind

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}


def text_of(source: str, token: "Token") -> str:
    r"""The text of a quoted literal; escapes are \\ \" \' \n \t \r and \uXXXX."""

    def replace(match: re.Match[str]) -> str:
        escape = match.group(1)
        if escape in _SIMPLE:
            return _SIMPLE[escape]
        if len(escape) == 5:
            return chr(int(escape[1:], 16))
        raise at_place(source, token, rf"unknown escape \{escape}: write \\ for a backslash")

    text = _ESCAPE.sub(replace, token[1:-1])
    # A character beyond the basic plane may be written as two escapes, as in JSON.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if "\0" in text or "\ufffd" in text:
        raise at_place(source, token, "text holds a character that no value can hold")
    return text


def number_for(source: str, token: "Token", kind: "Kind") -> int | float:
    """A number; an int64 for ids, a float64 for everything else."""
    if kind == "id":
        try:
            value = int(token)
        except ValueError:
            raise at_place(source, token, "ids are whole numbers") from None
        if not -(2**63) <= value < 2**63:
            raise at_place(source, token, "ids lie between 0 and 2^63 − 1")
        return value
    number = float(token)
    if math.isinf(number):
        raise at_place(source, token, "this number is too large: 1.8e308 is the limit")
    return number


def time_of(source: str, token: "Token") -> float:
    """Seconds since the epoch of an ISO 8601 date or time, UTC unless it names an offset."""
    try:
        moment = datetime.fromisoformat(text_of(source, token))
    except ValueError:
        raise at_place(
            source,
            token,
            "expected seconds since 1970 or a date such as "
            '"2024-05-31" or "2024-05-31T18:00:00+02:00"',
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
