"""Pictures and collections that tests share."""

import os
import platform
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from milvus_server import STEADY, MilvusProcess, why_no_server

import lookalike
from lookalike.collection import Collection

ROOT = Path(__file__).resolve().parent.parent
PHOTOS = ROOT / "examples" / "photos"
MOST_PARTITIONS = "32"
"""Of a table on the server of the tests; by itself 4,096."""


# A shell starts background jobs with Ctrl-C ignored, and children inherit that; tests of Ctrl-C
# must not depend on how they were started.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests compare embeddings to the last digit, whatever else is installed to compute them.
os.environ["LOOKALIKE_RUNTIME"] = "onnxruntime"

# No test may fail because the machine is busy.
settings.register_profile("untimed", deadline=None)
settings.register_profile("long", settings.get_profile("untimed"), max_examples=1000)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def photos() -> Path:
    """The repository's own photographs."""
    return PHOTOS


@pytest.fixture(scope="session")
def shared() -> Path:
    """The development pictures and models beside the checkout, where they are."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("the development pictures are not beside the checkout")
    return folder


@pytest.fixture(scope="session")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusProcess]:
    """A Milvus server that tests share: each uses collections of its own name."""
    why = why_no_server()
    if why and os.environ.get("CI") and sys.platform == "linux" and platform.machine() == "x86_64":
        pytest.fail(f"no test may pass by being skipped here: {why}")
    if why:
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("milvus")
    server = MilvusProcess(folder, {**STEADY, "rootCoord.maxPartitionNum": MOST_PARTITIONS}).start()
    yield server
    server.kill()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def indexed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of all example photographs, made once; use `indexed` to change it."""
    path = tmp_path_factory.mktemp("indexed") / "photos.lookalike"
    with lookalike.open(path, encoder="mobilenet-v3-large,phash") as collection:
        report = collection.add(PHOTOS)
        assert not report.failed
    return path


@pytest.fixture
def indexed_path(indexed_once: Path, tmp_path: Path) -> Path:
    """A copy of the collection of all example photographs, for one test alone."""
    path = tmp_path / "photos.lookalike"
    shutil.copytree(indexed_once, path)
    return path


@pytest.fixture
def indexed(indexed_path: Path) -> Iterator[Collection]:
    """The copied collection, open."""
    with lookalike.open(indexed_path) as collection:
        yield collection
