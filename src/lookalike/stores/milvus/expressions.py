"""Conditions on the columns of the tables."""

from collections.abc import Iterable

from lookalike.stores.milvus.filter_terms import quoted


def among(values: Iterable[str | int]) -> str:
    """A list of texts or whole numbers as an expression has it."""
    return "[" + ",".join(quoted(one) if isinstance(one, str) else str(one) for one in values) + "]"
