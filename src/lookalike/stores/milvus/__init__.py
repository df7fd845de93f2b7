"""The store on a Milvus server, or a cluster of them, for many writers at once."""

from lookalike.stores.milvus.address import (
    SCHEME,
    MilvusAddress,
    is_address,
    refuse_mistyped,
)

__all__ = ["SCHEME", "MilvusAddress", "is_address", "refuse_mistyped"]
