"""A number that remembers how it was calculated."""

import math
from dataclasses import dataclass

_ATOM, _PRODUCT, _SUM = range(3)


@dataclass(frozen=True, slots=True)
class Amount:
    """A value and the formula that it comes from, with the numbers put in.

    `text` is the formula: `1,000 pictures × 512 dimensions × 4 bytes`. Without the words it is
    arithmetic that gives `value`.
    """

    value: float
    text: str
    _binds: int = _ATOM

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.value + other.value, f"{self.text} + {other.text}", _SUM)

    def __sub__(self, other: "Amount") -> "Amount":
        taken = f"({other.text})" if other._binds == _SUM else other.text
        return Amount(self.value - other.value, f"{self.text} − {taken}", _SUM)

    def __mul__(self, other: "Amount") -> "Amount":
        text = f"{self._factor()} × {other._factor()}"
        return Amount(self.value * other.value, text, _PRODUCT)

    def __truediv__(self, other: "Amount") -> "Amount":
        below = other.text if other._binds == _ATOM else f"({other.text})"
        return Amount(self.value / other.value, f"{self._factor()} ÷ {below}", _PRODUCT)

    def down(self) -> "Amount":
        """The whole number before it, at least 1."""
        whole = max(math.floor(self.value + 1e-9), 1)
        return self if whole == self.value else Amount(whole, f"down({self.text})")

    def _factor(self) -> str:
        return f"({self.text})" if self._binds == _SUM else self.text

    def up(self) -> "Amount":
        """The next whole number, at least 1."""
        whole = max(math.ceil(self.value - 1e-9), 1)
        return self if whole == self.value else Amount(whole, f"up({self.text})")


def of(value: float, words: str = "") -> Amount:
    """A number as it is, and what it counts: `of(512, "dimensions")`."""
    return Amount(value, f"{number(value)} {words}".rstrip())


def inside(value: float, formula: str, words: str = "") -> Amount:
    """A number with a formula of its own, and what it counts: `inside(516, "512 + 4 (scale)")`."""
    text = formula.replace(" x ", " × ").replace(" / ", " ÷ ")
    return Amount(value, f"({text}) {words}".rstrip())


def total(amounts: "list[Amount]") -> Amount:
    """The sum of at least one amount."""
    first, *rest = amounts
    for one in rest:
        first = first + one
    return first


def number(value: float) -> str:
    """A number for people, none of whose digits that matter is lost: `1,000`, `28.2`, `0.0125`."""
    if float(value).is_integer():
        return f"{value:,.0f}"
    if abs(value) >= 1000:
        return f"{value:,.1f}"
    return f"{value:.5g}"
