"""Kill a process that writes to a local store at random moments; see that nothing is lost.

    python benchmarks/kill.py --kills 25

A child adds, changes and deletes records, builds graphs, changes the projection, and says on its
standard output what the store has acknowledged. It is killed with SIGKILL; then the store is
opened and compared with what was said, the index with the catalogue. The next child goes on in
the same folder.
"""

import argparse
import contextlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.projection import Projection
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore, shards
from lookalike.stores.local.payload import payload, same_payload

DIM = 32
EMBEDDING = EncoderSpec("embedding", "embedding", DIM)
HASH = EncoderSpec("hash", "hash", 64)
GONE = -1
TURN = np.random.default_rng(0).standard_normal((DIM, DIM), dtype=np.float32)
MEAN = np.full(DIM, 0.1, np.float32)
PROJECTIONS = (None, Projection("long", MEAN, TURN), Projection("short", MEAN, TURN[:, :12]))


def vector(number: int, version: int) -> NDArray[np.float32]:
    """The embedding of one version of one picture."""
    made = np.random.default_rng([number, version]).standard_normal(DIM, dtype=np.float32)
    return np.asarray(made / np.linalg.norm(made), np.float32)


def entry(number: int, version: int) -> Entry:
    """One version of one picture."""
    bits = np.random.default_rng([number, version, 1]).integers(0, 256, 8).astype(np.uint8)
    return Entry(
        f"/photos/{number}.jpg",
        size=version,
        attributes={"version": version},
        vectors={"embedding": vector(number, version), "hash": bits},
    )


def number_of(uri: str) -> int:
    """The number of a picture by its uri."""
    return int(Path(uri).stem)


def write_forever(folder: Path, seed: int) -> None:
    """The child: change the store, and say `number version` of each after the store did."""
    # Small collections are to have graphs and flushes as well.
    shards._GRAPH_FROM, shards._FLUSH_EVERY = 300, 150
    rng = random.Random(seed)
    print("ready", flush=True)
    with LocalStore.open(folder) as store:
        store.add_encoder(EMBEDDING)
        store.add_encoder(HASH)
        versions = {number_of(one.uri): one.size or 0 for one in store.scan()}
        ids = {number_of(one.uri): one.id for one in store.scan()}
        new = max(versions, default=0)
        while True:
            batch = {new + n: 1 for n in range(1, rng.randint(2, 60))}
            new += len(batch)
            for number in rng.sample(sorted(versions), min(len(versions), rng.randint(0, 5))):
                batch[number] = versions[number] + 1
            say("try", batch)
            found = store.upsert([entry(*one) for one in batch.items()])
            say("done", batch)
            versions.update(batch)
            ids.update(zip(batch, found, strict=True))
            lost = dict.fromkeys(rng.sample(sorted(versions), rng.randint(0, 3)), GONE)
            say("try", lost)
            store.delete([ids[number] for number in lost])
            say("done", lost)
            for number in lost:
                del versions[number], ids[number]
            if rng.random() < 0.05:
                store.optimize()
            if rng.random() < 0.1:
                store.set_projection("embedding", rng.choice(PROJECTIONS))


def say(what: str, changes: dict[int, int]) -> None:
    """Tell the parent."""
    print(what, *(f"{number}:{version}" for number, version in changes.items()), flush=True)


def run_and_kill(folder: Path, seed: int, seconds: float) -> Iterator[tuple[str, dict[int, int]]]:
    """Run a child for so long, kill it, and yield what it said."""
    command = [sys.executable, __file__, "--child", str(seed), "--folder", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        # Its pipe must not fill up meanwhile: a child that waits is not killed at work.
        deadline = time.monotonic() + seconds
        killer = subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"import os, time; time.sleep({seconds}); os.kill({child.pid}, 9)",
            ]
        )
        for line in child.stdout:
            what, *changes = line.split()
            if line.endswith("\n"):
                yield what, {int(a): int(b) for a, b in (one.split(":") for one in changes)}
        killer.wait()
    assert child.returncode == -signal.SIGKILL, child.returncode
    assert time.monotonic() >= deadline - 0.5


def check(folder: Path, sure: dict[int, int], tried: dict[int, int]) -> str:
    """Compare the store with what was acknowledged; returns what it had to put right."""
    with LocalStore.open(folder) as store:
        records = list(store.scan())
        found = {number_of(record.uri): record for record in records}
        assert len(found) == len(records) == store.count(), "a record is there twice"
        for number in set(sure) | set(tried) | set(found):
            version = found[number].size if number in found else GONE
            allowed = {sure.get(number, GONE), tried.get(number, sure.get(number, GONE))}
            assert version in allowed, f"{number} is {version}, not one of {allowed}"
        if not store.encoders():
            return ""
        keys = [record.id for record in records]
        vectors, hashes = store.vectors("embedding", keys), store.vectors("hash", keys)
        assert set(vectors) == set(hashes) == set(keys), "a vector is missing"
        (stats, _) = store.stats().encoders
        index = store._shards.index(store._known["embedding"])
        assert stats.vectors == len(index) == len(keys), "the index has another size"
        for record in records:
            number = number_of(record.uri)
            assert record.attributes == {"version": record.size}
            expected = entry(number, record.size or 0)
            assert np.abs(vectors[record.id] - expected.vectors["embedding"]).max() < 1e-3
            assert (hashes[record.id] == expected.vectors["hash"]).all()
        indexed = index.points(keys)
        halves = [vectors[key].astype("<f2").tobytes() for key in keys]
        rows = index.space.rows(halves).astype(np.float32)
        for key, row in zip(keys, rows, strict=True):
            assert np.abs(indexed[key][0] - row).max() < 1e-3, "the index is out of date"
        for record in records:
            fields = indexed[record.id][1]
            assert same_payload(fields, payload(record)), (
                f"the index has {fields}, not {payload(record)}"
            )
        for record in random.Random(0).sample(records, min(50, len(records))):
            (nearest,) = store.nearest("embedding", vectors[record.id], 1)
            assert nearest.id == record.id, "a record does not find itself"
        sure.clear()
        sure.update({number: record.size or 0 for number, record in found.items()})
        return " ".join(store.notices)


def main() -> None:
    """Kill, check, repeat."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest", type=float, default=4.0, help="seconds before a kill")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--child", type=int)
    options = parser.parse_args()
    if options.child is not None:
        write_forever(options.folder, options.child)
        return
    folder = options.folder or Path(tempfile.mkdtemp(prefix="lookalike-kill-"))
    rng = random.Random(options.seed)
    sure: dict[int, int] = {}
    repairs = 0
    with contextlib.ExitStack() as stack:
        if options.folder is None:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        for kill in range(options.kills):
            tried: dict[int, int] = {}
            said = 0
            seconds = rng.uniform(0.3, options.longest)
            for what, changes in run_and_kill(folder, options.seed * 1000 + kill, seconds):
                said += 1
                if what == "try":
                    tried = changes
                else:
                    sure.update(changes)
                    tried = {}
            notice = check(folder, sure, tried)
            repairs += bool(notice)
            print(f"kill {kill + 1}: {said} messages, {len(sure)} records. {notice}", flush=True)
    print(f"{options.kills} kills, nothing lost, {repairs} indexes built again")


if __name__ == "__main__":
    main()
