"""Threads of one process: searches go on while another thread writes."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from lookalike.filters import parse
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore, shards

VECTORS = np.random.default_rng(0).standard_normal((1500, 16)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
HASHES = np.random.default_rng(1).integers(0, 256, (1500, 8)).astype(np.uint8)


def entry(number: int) -> Entry:
    vectors = {"embedding": VECTORS[number], "hash": HASHES[number]}
    return Entry(f"/{number}.jpg", attributes={"n": number}, vectors=vectors)


def test_searches_go_on_while_another_thread_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "_GRAPH_FROM", 400)
    monkeypatch.setattr(shards, "_FLUSH_EVERY", 100)
    done = threading.Event()
    with LocalStore.open(tmp_path) as store:
        store.add_encoder(EncoderSpec("embedding", "embedding", 16))
        store.add_encoder(EncoderSpec("hash", "hash", 64))
        # The first 100 stay, whatever happens to the others.
        kept = store.upsert([entry(n) for n in range(100)])

        def write() -> None:
            try:
                for start in range(100, 1500, 50):
                    ids = store.upsert([entry(n) for n in range(start, start + 50)])
                    store.delete(ids[:5])
                    store.update_attributes({key: {"n": -1} for key in ids[5:8]})
            finally:
                done.set()

        def optimize() -> None:
            while not done.is_set():
                store.optimize()

        def read(seed: int) -> int:
            rng = np.random.default_rng(seed)
            searches = 0
            while not done.is_set():
                n = int(rng.integers(100))
                assert store.nearest("embedding", VECTORS[n], 3)[0].id == kept[n]
                assert store.within("hash", HASHES[n], 5, 3)[0].id == kept[n]
                (record,) = store.get([kept[n]])
                assert record is not None
                assert record.attributes == {"n": n}
                where = parse(f"n == {n}")
                (found,) = store.nearest("embedding", VECTORS[n], 3, where=where)
                assert found.id == kept[n]
                assert sum(1 for _ in store.scan(where)) == store.count(where) == 1
                searches += 1
            return searches

        with ThreadPoolExecutor(5) as pool:
            jobs = [pool.submit(write), pool.submit(optimize)]
            jobs += [pool.submit(read, seed) for seed in range(3)]
            for job in jobs[:2]:
                job.result()
            assert all(job.result() for job in jobs[2:])
        assert store.count() == 1500 - 28 * 5
        assert store.notices == ()
    with LocalStore.open(tmp_path) as store:
        assert store.nearest("embedding", VECTORS[1499], 1)[0].distance < 1e-3
        assert store.notices == ()
