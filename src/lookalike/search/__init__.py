"""One query in, ranked hits out: terms, the encoders that answer, verdicts and scores."""

from lookalike.search.answer import SAME, search
from lookalike.search.choose import choose_encoders
from lookalike.search.segments import Segments
from lookalike.search.terms import Term, describe
from lookalike.search.verdicts import COPY_RADIUS

__all__ = [
    "COPY_RADIUS",
    "SAME",
    "Segments",
    "Term",
    "choose_encoders",
    "describe",
    "search",
]
