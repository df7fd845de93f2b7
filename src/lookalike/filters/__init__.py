"""One filter language for every store.

>>> from lookalike.filters import parse
>>> where = parse('price < 20 and colour in ["red", "blue"] and not sold == true')
"""

from lookalike.filters.fields import SYSTEM_FIELDS, Field, equal_range
from lookalike.filters.nodes import (
    And,
    Comparison,
    Filter,
    IsNull,
    Not,
    OneOf,
    Or,
    all_of,
    conditions,
    tenant_is,
    uri_within,
)
from lookalike.filters.parser import parse
from lookalike.filters.unknown import unknown_attributes

__all__ = [
    "SYSTEM_FIELDS",
    "And",
    "Comparison",
    "Field",
    "Filter",
    "IsNull",
    "Not",
    "OneOf",
    "Or",
    "all_of",
    "conditions",
    "equal_range",
    "parse",
    "tenant_is",
    "unknown_attributes",
    "uri_within",
]
