"""Counts as people write them: `1e9`, `2.5M`, `64GiB`."""

import math
import re

from lookalike.errors import UsageError

_POWERS = {
    "": 1,
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
    "b": 10**9,
    "t": 10**12,
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
    "ti": 2**40,
}
_COUNT = re.compile(r"([0-9][0-9_,]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*([kKmMgGbBtT]i?)?")
_BYTES = re.compile(rf"{_COUNT.pattern}[bB]?")
_MOST = 1e18


def count(text: str, name: str) -> int:
    """A whole number such as 1e9, 100M, 2.5k, 1_000 or 1,000.

    k, M, G (or B) and T are powers of ten.

    Raises:
        UsageError: it is none; `name` says of what.
    """
    return _read(text, name, _COUNT, "1e9, 100M, 2.5k or 1,000")


def size(text: str, name: str) -> int:
    """A number of bytes: as `count`, and 64GB (powers of ten) or 64GiB (powers of two)."""
    return _read(text, name, _BYTES, "200, 4k, 64GB or 64GiB")


def _read(text: str, name: str, form: re.Pattern[str], examples: str) -> int:
    found = form.fullmatch(text.strip())
    value = math.inf
    if found is not None:
        digits = found[1].replace("_", "").replace(",", "")
        value = float(digits) * _POWERS[(found[2] or "").lower()]
    if not value <= _MOST:
        raise UsageError(f"{name} {text!r} is no number that can be; write it like {examples}")
    if value != round(value):
        raise UsageError(f"{name} {text!r} is not a whole number")
    return round(value)
