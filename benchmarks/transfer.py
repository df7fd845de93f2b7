"""Measure how fast collections are copied, beside the bare stores that they are copied into.

    python benchmarks/transfer.py --records 20000 --milvus

A collection of random embeddings and hashes is copied into a folder, and onto a server that is
started for it: by upserts, by bulk insert, and back. Beside each is what the target takes when the
same entries are handed to its `upsert` from memory. The time of a copy is without its comparison
at the end.
"""

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import lookalike
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry, Store
from lookalike.stores.local import LocalStore

ROOT = Path(__file__).resolve().parent.parent
BATCH = 2000


def entries(start: int, count: int, size: int) -> list[Entry]:
    """Records with an embedding and a hash each."""
    random = np.random.default_rng(start)
    vectors = random.standard_normal((count, size)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    hashes = random.integers(0, 256, (count, 8)).astype(np.uint8)
    return [
        Entry(
            f"file:///pictures/{start + i}.jpg",
            tenant=f"tenant {i % 7}",
            id=start + i + 1,
            sha256=(start + i).to_bytes(32, "big"),
            size=100_000,
            modified_ns=1_700_000_000_000_000_000,
            width=640,
            height=480,
            format="JPEG",
            attributes={"price": i * 0.25, "colour": "red" if i % 2 else "blue"},
            vectors={"looks": vectors[i], "phash": hashes[i]},
            qualities={"phash": 90},
        )
        for i in range(count)
    ]


def bare(store: Store, records: int, size: int) -> float:
    """Records a second that a store takes from memory; its tables are made before."""
    add_encoders(store, size)
    taken = 0.0
    for start in range(0, records, BATCH):
        batch = entries(start, min(BATCH, records - start), size)
        began = time.perf_counter()
        store.upsert(batch)
        taken += time.perf_counter() - began
    return records / taken


def add_encoders(store: Store, size: int) -> None:
    """The two encoders."""
    store.add_encoder(EncoderSpec("looks", "embedding", size))
    store.add_encoder(EncoderSpec("phash", "hash", 64))


def copied(source: str | Path, target: str | Path, bulk: Path | None = None) -> float:
    """Records a second of a copy, which is then compared."""
    place = None if bulk is None else str(bulk)
    report = lookalike.copy(source, target, bulk=place)
    if not report.ok:
        sys.exit(f"{source} and {target} are not the same: {report.to_dict()}")
    return report.records / report.writing


def tell(what: str, rate: float, beside: float) -> None:
    """One line."""
    print(f"{what:28s} {rate:9,.0f} records/s  {rate / beside:5.2f} of bare", flush=True)


def main() -> None:
    """Fill, copy, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=512, help="components of an embedding")
    parser.add_argument("--milvus", action="store_true", help="start a server, and use it too")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="lookalike-transfer-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        source = folder / "source"
        with LocalStore.open(source) as store:
            local = bare(store, options.records, options.size)
            store.optimize()
        tell("folder, bare upsert", local, local)
        tell("folder to folder", copied(source, folder / "copy"), local)
        if not options.milvus:
            return
        sys.path.insert(0, str(ROOT / "tests"))
        from milvus_server import MilvusProcess

        server = MilvusProcess(folder / "server").start()
        stack.callback(server.kill)
        with lookalike.open(server.address("bare")) as opened:
            remote = bare(opened._store, options.records, options.size)
        tell("server, bare upsert", remote, remote)
        tell("folder to server", copied(source, server.address("upserts")), remote)
        staging = folder / "staging"
        staging.mkdir()
        tell("folder to server, bulk", copied(source, server.address("bulk"), staging), remote)
        tell("server to folder", copied(server.address("upserts"), folder / "back"), local)


if __name__ == "__main__":
    main()
