"""A local store whose disk is full, or whose files may not grow."""

import subprocess
import sys
from pathlib import Path

import pytest
from small_disk import mounted

from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no limits on files")

WRITER = """
import resource, sys
import numpy as np
from lookalike.errors import StoreError
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore, shards

shards._GRAPH_FROM, shards._FLUSH_EVERY = 2000, 500
folder, largest = sys.argv[1], int(sys.argv[2])
rng = np.random.default_rng(0)
with LocalStore.open(folder) as store:
    store.add_encoder(EncoderSpec("e", "embedding", 256))
    store.upsert([Entry("/first")])
    if largest:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
    try:
        for turn in range(400):
            rows = rng.standard_normal((200, 256)).astype(np.float32)
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            entries = [Entry(f"/{turn}/{n}", vectors={"e": row}) for n, row in enumerate(rows)]
            print(*store.upsert(entries), flush=True)
            if turn % 5 == 4:
                store.optimize()
    except StoreError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
"""


def write_until_it_fails(folder: Path, largest: int = 0) -> list[int]:
    """Let a process write; the ids that it was told of before the store refused."""
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(folder), str(largest)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, f"{done.returncode}: {done.stderr}"
    assert str(folder) in done.stderr
    return [int(key) for key in done.stdout.split()]


def check(folder: Path, stored: list[int]) -> None:
    """All that was acknowledged is there and found, and the store takes more."""
    with LocalStore.open(folder) as store:
        assert None not in store.get(stored)
        assert store.stats().encoders[0].vectors == store.count() - 1
        vectors = store.vectors("e", stored)
        assert len(vectors) == len(stored)
        for key in stored[:: max(len(stored) // 20, 1)]:
            assert store.nearest("e", vectors[key], 1)[0].id == key
        store.upsert([Entry("/after")])
        store.rebuild()
        assert store.count() >= len(stored) + 2


@pytest.mark.parametrize("megabytes", [1, 3, 8])
def test_files_that_may_not_grow_lose_nothing(tmp_path: Path, megabytes: int) -> None:
    stored = write_until_it_fails(tmp_path / "c", megabytes * 2**20)
    check(tmp_path / "c", stored)


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, 75) as there:
        if not there:
            pytest.skip("no small file system can be mounted here")
        stored = write_until_it_fails(disk / "c")
        assert stored
        mount = ["mount", "-o", "remount,size=300m", str(disk)]
        subprocess.run(mount, check=True)
        check(disk / "c", stored)
