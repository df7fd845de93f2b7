"""One parameter of a kind of index: its name, range and default."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from lookalike.errors import UsageError

Value: TypeAlias = int | float | str | bool

Place: TypeAlias = Literal["local", "milvus"]
"""Which store."""

BOTH: tuple[Place, ...] = ("local", "milvus")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number between `low` and `high`, one of `choices`, or true or false.

    `default` None is for what follows from the vectors (see `support.complete`), or need not be
    given; `at_home` is the default of the local store where that is another. `places` are the
    stores that have it. `at_least_limit` says that it may never be below the number of answers
    asked for.
    """

    name: str
    about: str
    low: float = 0
    high: float = 0
    default: Value | None = None
    whole: bool = True
    choices: tuple[str, ...] = ()
    flag: bool = False
    places: tuple[Place, ...] = field(default=BOTH)
    at_least_limit: bool = False
    at_home: Value | None = None

    def usual(self, place: Place) -> Value | None:
        """Its default in a store."""
        return self.default if place == "milvus" or self.at_home is None else self.at_home

    def read(self, value: object) -> Value:
        """A value, or the text of one, checked.

        Raises:
            UsageError: it is not in the range; the message says what is.
        """
        text = str(value).strip()
        if self.flag:
            if text.lower() in {"true", "false"}:
                return text.lower() == "true"
        elif self.choices:
            if text.upper() in self.choices:
                return text.upper()
        else:
            number = _number(value)
            if (
                number is not None
                and self.low <= number <= self.high
                and (number.is_integer() or not self.whole)
            ):
                return int(number) if self.whole else number
        raise UsageError(f"{self.name} is {self.range}, not {text or 'empty'}")

    @property
    def range(self) -> str:
        """What it may be, in words."""
        if self.flag:
            return "true or false"
        if self.choices:
            return "one of " + ", ".join(self.choices)
        number = "a whole number" if self.whole else "a number"
        return f"{number} from {_shown(self.low)} to {_shown(self.high)}"


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(str(value))
    except ValueError:
        return None


def _shown(number: float) -> str:
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:g}"
