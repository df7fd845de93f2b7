"""Opens a store by where it is, for tests that run on a folder and on a server alike."""

from collections.abc import Mapping
from pathlib import Path

from lookalike.records import AttributeKind
from lookalike.stores.base import Store
from lookalike.stores.milvus.address import Consistency, MilvusAddress, is_address


def open_store(
    where: str | Path,
    *,
    read_only: bool = False,
    consistency: Consistency | None = None,
    attributes: Mapping[str, AttributeKind] | None = None,
) -> Store:
    """The store in a folder, or at an address."""
    if is_address(str(where)):
        from lookalike.stores.milvus.store import MilvusStore

        address = MilvusAddress.parse(str(where), consistency=consistency)
        return MilvusStore.open(address, read_only=read_only, attributes=attributes)
    from lookalike.stores.local import LocalStore

    return LocalStore.open(where, read_only=read_only, attributes=attributes)
