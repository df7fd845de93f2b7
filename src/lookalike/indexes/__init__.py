"""Kinds of index: what each is, what it takes, where it can be had, and which one to choose."""

from lookalike.indexes.choose import Choice, choose, outgrown, settled
from lookalike.indexes.kinds import KINDS, Kind
from lookalike.indexes.parameters import Parameter
from lookalike.indexes.sizes import VectorBytes, vector_bytes
from lookalike.indexes.spec import AUTO, IndexSpec
from lookalike.indexes.support import available, check, complete, defaults, search_parameters
from lookalike.indexes.wished import Wished

__all__ = [
    "AUTO",
    "KINDS",
    "Choice",
    "IndexSpec",
    "Kind",
    "Parameter",
    "VectorBytes",
    "Wished",
    "available",
    "check",
    "choose",
    "complete",
    "defaults",
    "outgrown",
    "search_parameters",
    "settled",
    "vector_bytes",
]
