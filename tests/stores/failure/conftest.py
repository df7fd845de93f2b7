"""A server behind a proxy that can misbehave, and one that may be killed."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from milvus_server import QUICK, MilvusProcess, why_no_server
from small_disk import mounted
from tcp_proxy import Proxy, proxied

# The runs that tests of ingest kill are killed here as well.
sys.path.append(str(Path(__file__).resolve().parents[2] / "ingest"))
sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))

MEGABYTES = 600
"""An empty server takes some 280 of them."""


@pytest.fixture
def proxy(milvus: MilvusProcess) -> Iterator[Proxy]:
    """The shared server, by way of a proxy."""
    with proxied(milvus.port) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path | None]:
    """A file system of `MEGABYTES`; None where none can be mounted."""
    folder = tmp_path_factory.mktemp("mortal") / "disk"
    with mounted(folder, MEGABYTES) as there:
        yield folder if there else None


@pytest.fixture(scope="session")
def mortal(
    small_disk: Path | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MilvusProcess]:
    """A server that may be killed, on the small disk where there is one."""
    if why := why_no_server():
        pytest.skip(why)
    folder = small_disk or tmp_path_factory.mktemp("mortal")
    server = MilvusProcess(folder / "server", QUICK).start()
    yield server
    server.kill()
