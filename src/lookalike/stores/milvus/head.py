"""What a collection is, as it is kept with it: by this it is known to be one."""

from collections.abc import Mapping

from lookalike.records import AttributeKind
from lookalike.stores.milvus.address import Tenancy
from lookalike.stores.milvus.kept import KeptEntry
from lookalike.stores.milvus.layout import VERSION

COLLECTION = "collection"
"""Kind of the entries that say what the collection is."""
HEAD, FOREIGN = "head", "foreign"
"""Their keys."""


def head_entry(
    declared: Mapping[str, AttributeKind], tenancy: Tenancy = "key", *, keyed: bool = True
) -> KeptEntry:
    """The layout's version and options, see `Layout`."""
    value = {
        "version": VERSION,
        "tenancy": tenancy,
        "keyed": keyed,
        "declared": dict(declared),
    }
    return KeptEntry(COLLECTION, HEAD, value)


def foreign_entry() -> KeptEntry:
    """That a record may have another id than its uri would give it."""
    return KeptEntry(COLLECTION, FOREIGN, True)
