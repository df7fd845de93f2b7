"""The parts of a query, as they were given."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, SupportsFloat, get_args

import numpy as np

from lookalike.arguments import checked
from lookalike.errors import UsageError
from lookalike.picture_input import PictureInput

if TYPE_CHECKING:
    from numpy.typing import NDArray


Kind = Literal["image", "text", "id", "vector"]


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a query.

    `value` is a path, URL, bytes or Pillow image for "image", words for "text", a record's id for
    "id", a (dim,) vector or (bits/8,) uint8 hash for "vector". A negative `weight` searches away
    from the term.
    """

    kind: Kind
    value: Any
    weight: float = 1.0


def check(terms: Sequence[Term]) -> None:
    """Refuse a query that asks for nothing, or in a way that means nothing.

    Raises:
        UsageError: there is no term, or none to search towards, or one is malformed; says so.
    """
    if not terms:
        raise UsageError("nothing to search for: give a picture, words, an id or a vector")
    for term in terms:
        checked(term, Term, "terms are made with Term(kind, value)")
        if term.kind not in get_args(Kind):
            raise UsageError(f"a term is of {', '.join(get_args(Kind))}; none is of {term.kind!r}")
        if term.kind == "text":
            checked(term.value, str, "the words to search for are a text")
        if not (isinstance(term.weight, SupportsFloat) and math.isfinite(term.weight)):
            raise UsageError(f"a weight must be a finite number, got {term.weight!r}")
    if not any(term.weight > 0 for term in terms):
        raise UsageError("a query needs at least one term to search towards, not only away from")


def describe(terms: Sequence[Term]) -> str:
    """The query in the words of the command, such as `cat.jpg + "at night" - "people"`."""
    if len(terms) == 1:
        term = terms[0]
        return str(term.value) if term.kind == "text" else _describe_value(term)
    parts = []
    for n, term in enumerate(terms):
        sign = "- " if term.weight < 0 else "+ " if n else ""
        size = abs(term.weight)
        parts.append(f"{sign}{'' if size == 1 else f'{size:g} '}{_describe_value(term)}")
    return " ".join(parts)


def _describe_value(term: Term) -> str:
    match term.kind:
        case "text":
            return f'"{term.value}"'
        case "id":
            return f"id {term.value}"
        case "vector":
            return "vector"
        case "image":
            return PictureInput.of(term.value).name


def array(value: Any) -> "NDArray[Any]":
    """The array of a "vector" term; UsageError when it is not made of numbers."""
    try:
        vector: NDArray[Any] = np.asarray(value)
        if vector.dtype.kind not in "fiu":
            raise ValueError("not numbers")
    except (ValueError, TypeError) as error:
        raise UsageError(f"a query vector is a list of numbers: {error}") from error
    return vector
