"""What `lookalike plan` predicts beside what collections really take, local and on Milvus.

Makes collections of 512 dimensions and 64-bit hashes with three attributes each, and measures disk
by part, and memory: of the local store, what a process that searches takes and has mapped; of
Milvus, what a server has more of its own for each table that it loads (`plan_milvus.py`).
"""

import argparse
import contextlib
import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from search import CHUNK, DIM, chunks, entries

from lookalike.planning import Plan, Workload, encoder, make
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

HASHES = EncoderSpec("codes", "hash", 64)
EMBEDDINGS = EncoderSpec("made", "embedding", DIM)
BATCH = 2000
WRITERS = 4
SETTLED_SECONDS = 20.0


def filled(n: int) -> Iterator[list[Entry]]:
    """Batches of records as an indexing run makes them: with digests, sizes and a hash."""
    rng = np.random.default_rng(3)
    for start, rows in chunks(n):
        made = []
        codes = rng.integers(0, 256, (len(rows), 8), np.uint8)
        for entry, code in zip(entries(start, rows), codes, strict=True):
            digest = hashlib.sha256(entry.uri.encode()).digest()
            made.append(
                replace(
                    entry,
                    sha256=digest,
                    md5=digest[:16],
                    pixels=digest[16:],
                    size=200_000 + int(code[0]),
                    modified_ns=1_700_000_000_000_000_000 + int(code[1]),
                    width=1024,
                    height=768,
                    format="JPEG",
                    vectors={**entry.vectors, HASHES.name: code},
                )
            )
        for place in range(0, len(made), BATCH):
            yield made[place : place + BATCH]


def predicted(n: int, store: str, kind: str) -> Plan:
    """The plan of such a collection."""
    some = next(filled(CHUNK))
    attributes = [
        len(json.dumps(dict(one.attributes or {}), separators=(",", ":"))) for one in some
    ]
    workload = Workload(
        n,
        (
            replace(encoder(f"dimensions:{DIM}"), name=EMBEDDINGS.name),
            replace(encoder("bits:64"), name=HASHES.name),
        ),
        attributes_bytes=round(np.mean(attributes)),
        uri_bytes=round(np.mean([len(one.uri) for one in some])),
        indexes=(kind,),
    )
    return make(workload, store)  # type: ignore[arg-type]


def compare(plan: Plan, measured: dict[str, float], kind: str) -> None:
    """One row for each quantity."""
    print(f"{'':40} {'predicted':>12} {'measured':>12}  ratio")
    for name, value in measured.items():
        if not value:  # as the file of fewer than 50,000 hashes, which is not made
            continue
        line = plan.line(name, kind)
        print(f"{name:40} {line.readable:>12} {value / 1e6:9,.1f} MB  {line.value / value:5.2f}")


def on_disk(folder: Path, *patterns: str) -> int:
    """Bytes that files take; many are sparse."""
    found = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return sum(path.stat().st_blocks * 512 for path in found)


# Local


def at_home(n: int, folder: Path) -> dict[str, float]:
    """Store, then search in a process of its own."""
    from lookalike.stores.local import LocalStore

    clock = time.perf_counter()
    with LocalStore.open(folder) as store:
        for spec in (EMBEDDINGS, HASHES):
            store.add_encoder(spec)
        for batch in filled(n):
            store.upsert(batch)
        print(f"stored {n / (time.perf_counter() - clock):,.0f} records/s", flush=True)
        store.optimize()
    catalogue, found = folder / "catalogue.sqlite3", {}
    with contextlib.closing(sqlite3.connect(f"file:{catalogue}?mode=ro", uri=True)) as connection:
        tables = dict(connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
    found["records"] = tables["records"]
    found["indexes of uri and digests"] = sum(
        size for name, size in tables.items() if name.startswith("records_by_")
    )
    found["made in the catalogue"] = tables["vectors_1"]
    found["codes in the catalogue"] = tables["vectors_2"]
    vectors = "vectors/*/segments/*"
    codes = [f"{vectors}/vector_storage/**/*", f"{vectors}/vector_index/**/*"]
    found["made codes and graph"] = on_disk(folder, *codes)
    found["made fields for filters"] = (
        on_disk(folder, "vectors/**/*") - found["made codes and graph"]
    )
    found["codes in its file"] = on_disk(folder, "hashes/*")
    found["disk"] = on_disk(folder, "**/*")
    own = subprocess.run(
        [sys.executable, "-c", _SEARCH, str(folder)], capture_output=True, text=True, check=True
    )
    # What the process has, and the files of the index that stay in the page cache.
    found["memory for fast searches"] = int(own.stdout) + found["made codes and graph"]
    return found


_SEARCH = f"""
import sys, numpy as np
from lookalike.stores.local import LocalStore
with LocalStore.open(sys.argv[1]) as store:
    for query in np.random.default_rng(0).standard_normal((200, {DIM}), dtype=np.float32):
        store.nearest("made", query / np.linalg.norm(query), 10)
        store.within("codes", np.zeros(8, np.uint8), 8, 10)
    for line in open("/proc/self/smaps_rollup"):
        if line.startswith("Anonymous:"):
            print(int(line.split()[1]) * 1024)
"""


def main() -> None:
    """Make, measure, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--store", choices=["local", "milvus"], default="local")
    parser.add_argument("--index", default="HNSW")
    parser.add_argument("--folder", type=Path, help="kept afterwards")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="lookalike-plan-"))
    try:
        if options.store == "milvus":
            from plan_milvus import on_milvus

            measured = on_milvus(options.n, options.index, folder)
        else:
            measured = at_home(options.n, folder)
        compare(predicted(options.n, options.store, options.index), measured, options.index)
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
