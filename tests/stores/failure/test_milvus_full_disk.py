"""A server whose disk is full: a small file system of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from failing import opened
from milvus_server import HOST, QUICK, MilvusProcess, why_no_server

from lookalike.errors import StoreError
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry

MEGABYTES = 500
"""An empty server takes some 280 of them."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 500 MB in memory."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, ballast: Path, leaving: int) -> None:
    """Take all bytes of a file system but so many."""
    free = os.statvfs(folder)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(free.f_bavail * free.f_frsize - leaving, 1))


def test_what_was_acknowledged_outlives_a_full_disk(small_disk: Path) -> None:
    if why := why_no_server():
        pytest.skip(why)
    server = MilvusProcess(small_disk / "server", QUICK).start()
    try:
        stored: list[int] = []
        rng = np.random.default_rng(0)
        with opened(server.address("full?timeout=5")) as store:
            store.add_encoder(EncoderSpec("e", "embedding", 256))
            store.upsert([Entry("/first")])
            ballast = small_disk / "ballast"
            fill(small_disk, ballast, leaving=8 * 2**20)

            def flood() -> None:
                for turn in range(200):
                    rows = rng.standard_normal((500, 256)).astype(np.float32)
                    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
                    entries = [
                        Entry(f"/{turn}/{n}", vectors={"e": row}) for n, row in enumerate(rows)
                    ]
                    stored.extend(store.upsert(entries))

            with pytest.raises(StoreError, match=f"Milvus at {HOST}:{server.port}"):
                flood()
        ballast.unlink()
        server.restart()
        with opened(server.address("full")) as store:
            for start in range(0, len(stored), 1000):
                assert None not in store.get(stored[start : start + 1000])
            (key,) = store.upsert([Entry("/after")])
            assert store.get([key])[0] is not None
    finally:
        server.kill()
