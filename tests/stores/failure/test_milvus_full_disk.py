"""A server whose disk is full: a small file system of its own."""

from pathlib import Path

import numpy as np
import pytest
from failing import opened
from milvus_server import HOST, MilvusProcess
from small_disk import full

from lookalike.errors import StoreError
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry


def test_what_was_acknowledged_outlives_a_full_disk(
    mortal: MilvusProcess, small_disk: Path | None
) -> None:
    if small_disk is None:
        pytest.skip("no small file system can be mounted here")
    stored: list[int] = []
    rng = np.random.default_rng(0)
    with opened(mortal.address("full?timeout=5")) as store:
        store.add_encoder(EncoderSpec("e", "embedding", 256))
        store.upsert([Entry("/first")])

        def flood() -> None:
            for turn in range(200):
                rows = rng.standard_normal((500, 256)).astype(np.float32)
                rows /= np.linalg.norm(rows, axis=1, keepdims=True)
                entries = [Entry(f"/{turn}/{n}", vectors={"e": row}) for n, row in enumerate(rows)]
                stored.extend(store.upsert(entries))

        with full(small_disk, leaving=8 * 2**20):
            with pytest.raises(StoreError, match=f"Milvus at {HOST}:{mortal.port}"):
                flood()
            mortal.kill()
    mortal.restart()
    with opened(mortal.address("full")) as store:
        for start in range(0, len(stored), 1000):
            assert None not in store.get(stored[start : start + 1000])
        (key,) = store.upsert([Entry("/after")])
        assert store.get([key])[0] is not None
