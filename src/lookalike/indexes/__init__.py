"""Kinds of index: what each is, what it takes, where it can be had, and which one to choose."""

from lookalike.indexes.kinds import KINDS, Kind
from lookalike.indexes.parameters import Parameter
from lookalike.indexes.spec import AUTO, IndexSpec
from lookalike.indexes.support import available, check, complete, defaults, search_parameters

__all__ = [
    "AUTO",
    "KINDS",
    "IndexSpec",
    "Kind",
    "Parameter",
    "available",
    "check",
    "complete",
    "defaults",
    "search_parameters",
]
