"""The calls of Milvus's protocol as they are, below pymilvus's own, which pack value by value."""

from typing import TYPE_CHECKING, Any

from lookalike.errors import StoreError

if TYPE_CHECKING:
    from pymilvus import MilvusClient


def stub_of(client: "MilvusClient") -> Any:
    """What gRPC generated for the server's service, of a client that is connected.

    Raises:
        StoreError: this pymilvus keeps it elsewhere.
    """
    try:
        return client._get_connection()._stub
    except AttributeError as error:
        from pymilvus import __version__

        raise StoreError(
            f"pymilvus {__version__} is not one that lookalike can use: install "
            "`lookalike[milvus]` again, which brings one that it can"
        ) from error
