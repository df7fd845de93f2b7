"""One query in, ranked hits out: terms, the encoders that answer, verdicts and scores."""

from lookalike.search.answer import SAME, search
from lookalike.search.choose import choose_encoders
from lookalike.search.segments import Segments
from lookalike.search.terms import Term, describe
from lookalike.search.verdicts import COPY_HASH, COPY_RADIUS, FLAT_BITS

__all__ = [
    "COPY_HASH",
    "COPY_RADIUS",
    "FLAT_BITS",
    "SAME",
    "Segments",
    "Term",
    "choose_encoders",
    "describe",
    "search",
]
