"""A server behind a proxy that can misbehave, and a command that is run beside."""

from collections.abc import Iterator

import pytest
from milvus_server import MilvusProcess
from tcp_proxy import Proxy, proxied


@pytest.fixture
def proxy(milvus: MilvusProcess) -> Iterator[Proxy]:
    """The shared server, by way of a proxy."""
    with proxied(milvus.port) as proxy:
        yield proxy
