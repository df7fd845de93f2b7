"""Recall and latency of index kinds on a Milvus server, for pictures and words apart.

The settings published with three well-known picture searches (IVF_FLAT nlist 16384 nprobe 16;
IVF_FLAT 2048/10; IVF_PQ nlist 1024 m 8 nprobe 20) beside the ones of lookalike, on vectors of
chance in clusters, or on real embeddings with real words.

    python benchmarks/indexes.py milvus://127.0.0.1:19530 --vectors 100000
    python benchmarks/indexes.py milvus://127.0.0.1:19530 --embeddings clip.npy --words captions.txt

An .npy file holds (n, 512) embeddings of clip-vit-b-16, compared as they are. Words need its text
tower. Collections made here are dropped.
"""

import argparse
import contextlib
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import registry
from lookalike.indexes import IndexSpec
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry, Store
from lookalike.stores.milvus import MilvusAddress
from lookalike.stores.milvus.store import MilvusStore, drop, exists
from lookalike.tuning import tune
from lookalike.tuning.report import columns, rows, to_dict

PUBLISHED = (
    "IVF_FLAT:nlist=2048,nprobe=10",
    "IVF_PQ:nlist=1024,m=8,nprobe=20",
    "IVF_FLAT:nlist=16384,nprobe=16",
)
OURS = ("IVF_SQ8", "IVF_PQ:m=64", "HNSW")
DIMENSIONS = 512
CLUSTERS = 2000
ROWS = 2000


def clustered(count: int) -> NDArray[np.float32]:
    """(n, 512) vectors of unit length around 2,000 centres, as embeddings of pictures lie."""
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((CLUSTERS, DIMENSIONS), np.float32)
    vectors = centres[generator.integers(0, CLUSTERS, count)]
    vectors += 0.8 * generator.standard_normal((count, DIMENSIONS), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def fill(store: Store, spec: EncoderSpec, vectors: NDArray[np.float32]) -> None:
    """Add vectors, and let the server index them."""
    store.add_encoder(spec, None, IndexSpec("FLAT"))
    for start in range(0, len(vectors), ROWS):
        part = vectors[start : start + ROWS].astype(np.float32)
        store.upsert(
            [Entry(f"v{start + at}", vectors={spec.name: row}) for at, row in enumerate(part)]
        )
        show("add", start + len(part), len(vectors))
    store.optimize(show)


def show(stage: str, done: int, total: int) -> None:
    """Progress on standard error."""
    print(f"\r{stage} {done:,}/{total:,}   ", end="", file=sys.stderr, flush=True)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("server", help="milvus://HOST:PORT")
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--embeddings", type=Path, help="an .npy file of real embeddings")
    parser.add_argument("--words", type=Path, help="a file of texts, one a line")
    parser.add_argument("--recall", type=float, default=0.95)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--kinds", nargs="*", default=[*PUBLISHED, *OURS])
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    spec = EncoderSpec("clustered", "embedding", DIMENSIONS, "")
    vectors = clustered(given.vectors) if given.embeddings is None else np.load(given.embeddings)
    if given.embeddings is not None:
        spec = registry.load("clip-vit-b-16").spec
    address = MilvusAddress.parse(f"{given.server}/lookalike_benchmark")
    if exists(address):
        sys.exit(f"there is a collection at {address} already")
    with contextlib.ExitStack() as after:
        after.callback(drop, address)
        store = after.enter_context(after.enter_context(MilvusStore.open(address)).aside())
        fill(store, spec, vectors)
        found = tune(
            store,
            encoder=spec.name,
            recall=given.recall,
            count=given.count,
            words=given.words,
            others=[IndexSpec.parse(kind) for kind in given.kinds],
            sample=len(vectors),
            progress=show,
        )
    print(file=sys.stderr)
    print("| " + " | ".join(columns(found)) + " |")
    print("|" + "---|" * len(columns(found)))
    for row in rows(found):
        print("| " + " | ".join(row) + " |")
    for notice in found.advice:
        print(notice)
    if given.json is not None:
        given.json.write_text(json.dumps(to_dict(found), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
