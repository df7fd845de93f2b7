"""The parts that Milvus expressions are put together from."""

import json
import math
import sys
from collections.abc import Sequence
from typing import NamedTuple

from lookalike.filters import equal_range

EVERY = "id >= 0"
"""True of every record."""
NONE = "id < 0"
"""True of no record."""


class Condition(NamedTuple):
    """An expression; not `exact`, it is also true of records of which the filter is not."""

    text: str
    exact: bool = True


def quoted(text: str) -> str:
    """A text as a literal; no character of it can end that."""
    return json.dumps(text, ensure_ascii=False)


def listed(literals: Sequence[str]) -> str:
    """Literals as a list."""
    return f"[{', '.join(literals)}]"


def negated(text: str) -> str:
    """True where `text` is not."""
    return NONE if text == EVERY else EVERY if text == NONE else f"not ({text})"


def all_of(texts: Sequence[str]) -> str:
    """True where all of `texts` are."""
    kept = [text for text in dict.fromkeys(texts) if text != EVERY]
    if NONE in kept:
        return NONE
    if len(kept) < 2:
        return kept[0] if kept else EVERY
    # The server looks into the partitions of a tenant only if it finds this at the top.
    kept.sort(key=lambda text: not text.startswith("tenant "))
    return " and ".join(text if text.startswith("tenant ==") else f"({text})" for text in kept)


def any_of(texts: Sequence[str]) -> str:
    """True where any of `texts` is."""
    kept = [text for text in dict.fromkeys(texts) if text != NONE]
    if EVERY in kept:
        return EVERY
    if len(kept) < 2:
        return kept[0] if kept else NONE
    return " or ".join(f"({text})" for text in kept)


def decimal(number: float) -> str:
    """A number as a literal; infinity as the largest that there is."""
    return repr(max(-sys.float_info.max, min(number, sys.float_info.max)))


def equal_numbers(number: float) -> list[float]:
    """All numbers that count as equal to a literal: itself, or nine for a fraction."""
    low, high = equal_range(number)
    found = [low]
    while found[-1] < high:
        found.append(math.nextafter(found[-1], math.inf))
    return [one for one in found if math.isfinite(one)]


def bound(operator: str, number: float) -> float:
    """What is compared with when a value is to be less or greater than a literal."""
    low, high = equal_range(number)
    return low if operator in ("<", ">=") else high


def starts(place: str, start: str) -> str:
    """True where a text starts with `start`; in order of bytes, which is that of characters."""
    least = f"{place} >= {quoted(start)}"
    after = _successor(start)
    return least if after is None else f"{least} and {place} < {quoted(after)}"


def _successor(start: str) -> str | None:
    """The least text that is greater than all that start with `start`."""
    kept = start.rstrip("\U0010ffff")
    if not kept:
        return None
    code = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if code == 0xD800 else code)
