"""A server behind a proxy that can misbehave."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from milvus_server import MilvusProcess
from tcp_proxy import Proxy, proxied

# The runs that tests of ingest kill are killed here as well.
sys.path.append(str(Path(__file__).resolve().parents[2] / "ingest"))


@pytest.fixture
def proxy(milvus: MilvusProcess) -> Iterator[Proxy]:
    """The shared server, by way of a proxy."""
    with proxied(milvus.port) as proxy:
        yield proxy
