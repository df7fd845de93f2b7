"""Attributes that a filter names and no record has: most likely misspelt."""

from collections.abc import Callable

from lookalike.filters.nodes import And, Filter, IsNull, Not, conditions, tenant_is


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
    attributes = [found.field for found in conditions(where) if not found.field.system]
    return [
        f"no record has the attribute {str(field)!r}, which the filter asks for"
        for field in dict.fromkeys(attributes)
        if not has_any(And((*whose, Not(IsNull(field)))))
    ]
