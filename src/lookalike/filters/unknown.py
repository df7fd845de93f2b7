"""Attributes that a filter names and no record has: most likely misspelt."""

from collections.abc import Callable, Iterator

from lookalike.filters.fields import Field
from lookalike.filters.nodes import (
    And,
    Comparison,
    Filter,
    IsNull,
    Not,
    OneOf,
    Or,
    tenant_is,
)


def unknown_attributes(
    where: Filter, tenant: str | None, has_any: Callable[[Filter], bool]
) -> list[str]:
    """A sentence for each attribute of a filter that no record has.

    Args:
        where: what nothing was found with.
        tenant: whose records count; None for everybody's.
        has_any: whether any record passes a filter.
    """
    whose = () if tenant is None else (tenant_is(tenant),)
    return [
        f"no record has the attribute {str(field)!r}, which the filter asks for"
        for field in dict.fromkeys(_attributes(where))
        if not has_any(And((*whose, Not(IsNull(field)))))
    ]


def _attributes(where: Filter) -> Iterator[Field]:
    match where:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _attributes(part)
        case Not(part):
            yield from _attributes(part)
        case Comparison(field=field) | OneOf(field=field) | IsNull(field=field):
            if not field.system:
                yield field
