"""Attributes that were declared when the collection was made."""

from collections.abc import Mapping

from lookalike.records import AttributeKind
from lookalike.stores import checks
from lookalike.stores.local import settings
from lookalike.stores.local.catalogue import Catalogue


def declare(
    catalogue: Catalogue, asked: Mapping[str, AttributeKind] | None
) -> dict[str, AttributeKind]:
    """What the collection declares; one that nothing was written to yet takes what is asked for.

    Raises:
        UsageError: it was made without an attribute that is asked for, or as another kind.
    """
    if asked and not catalogue.read_only and not catalogue.writes():
        with catalogue.writing() as connection:
            settings.write(connection, settings.DECLARED, dict(asked))
    declared: dict[str, AttributeKind] = settings.read(catalogue, settings.DECLARED) or {}
    checks.refuse_other_declared(str(catalogue.path.parent), declared, asked)
    return declared
