"""Whether two pictures show the same photograph, and which part of it: with local features.

Needs OpenCV, which the extra `proof` installs; `available` says whether it is there.
"""

from lookalike.proof.features import QUERY_SIDE as QUERY_SIDE
from lookalike.proof.features import RECORD_SIDE as RECORD_SIDE
from lookalike.proof.features import Features as Features
from lookalike.proof.features import extract as extract
from lookalike.proof.match import match as match
from lookalike.proof.opencv import available as available
from lookalike.proof.overlay import overlay as overlay

__all__ = [
    "QUERY_SIDE",
    "RECORD_SIDE",
    "Features",
    "available",
    "extract",
    "match",
    "overlay",
]
