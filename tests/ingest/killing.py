"""Kills indexing processes at random moments and checks what they leave behind."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import indexing_child
import numpy as np

from lookalike.records import EncoderSpec
from lookalike.stores.local import LocalStore

CHILD = Path(indexing_child.__file__)


def index_and_kill(
    collection: Path, encoders: str, paths: list[Path], on_duplicate: str, seconds: float
) -> tuple[dict[str, int], bool]:
    """Start a child, kill it that long after its first record; what it acknowledged by uri.

    The second value tells whether the kill came before the child had ended by itself.
    """
    given = [str(collection), encoders, on_duplicate, *map(str, paths)]
    command = [sys.executable, str(CHILD), *given]
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    timer = threading.Timer(seconds, lambda: os.kill(child.pid, signal.SIGKILL))
    lines = []
    for line in child.stdout:
        if not lines:
            timer.start()
        lines.append(line)
    child.stdout.close()
    killed = child.wait() == -signal.SIGKILL
    timer.cancel()
    if not killed and child.returncode != 0:
        raise RuntimeError(f"the child failed by itself with status {child.returncode}")
    # The last line may be cut short by the kill: then it is not an acknowledgement.
    whole = [json.loads(line) for line in lines if line.endswith(b"\n")]
    return {uri: key for key, uri in whole}, killed


def check(collection: Path, acknowledged: dict[str, int]) -> int:
    """Every acknowledged record is there, none twice, and index and catalogue agree.

    Returns how many records there are.
    """
    with LocalStore.open(collection) as store:
        records = list(store.scan())
        found = {record.uri: record.id for record in records}
        assert len(found) == len(records), "a picture is there twice"
        lost = {uri for uri, key in acknowledged.items() if found.get(uri) != key}
        assert not lost, f"{len(lost)} acknowledged records are lost or have another id"
        assert store.count() == len(records)
        assert not store.stats().problems, store.stats().problems
        for spec in store.encoders():
            assert not store.missing(spec.name), "a record has no vector"
            check_index(store, spec, found.values())
    return len(records)


def check_index(store: LocalStore, spec: EncoderSpec, ids: list[int]) -> None:
    """The index answers with exactly the records of the catalogue, and each finds itself."""
    stored = store.vectors(spec.name, list(ids))
    assert set(stored) == set(ids)
    if spec.kind == "embedding":
        everything = store.nearest(spec.name, next(iter(stored.values())), len(stored) + 10)
        assert {near.id for near in everything} == set(stored), "index and catalogue differ"
    for key, vector in stored.items():
        if spec.kind == "hash":
            itself = store.within(spec.name, vector, 0, len(stored))
        else:
            itself = store.nearest(spec.name, vector, len(stored), max_distance=1e-3)
        assert key in {near.id for near in itself}, f"record {key} does not find itself"


def contents(collection: Path) -> Iterator[tuple[object, ...]]:
    """All that a collection holds, but for ids and times, in an order that does not depend on them.

    Vectors are compared apart: batches of other sizes may turn their last bits.
    """
    with LocalStore.open(collection) as store:
        for record in sorted(store.scan(), key=lambda record: record.uri):
            yield (
                record.uri,
                record.sha256,
                record.md5,
                record.size,
                record.modified_ns,
                (record.width, record.height, record.format),
            )


def vectors(collection: Path, encoder: str) -> np.ndarray:
    """The stored vectors in order of uri, hashes as bits: (n, size)."""
    with LocalStore.open(collection) as store:
        spec = next(spec for spec in store.encoders() if spec.name == encoder)
        ids = [record.id for record in sorted(store.scan(), key=lambda record: record.uri)]
        found = store.vectors(encoder, ids)
        rows = np.stack([found[key] for key in ids])
    return np.unpackbits(rows, axis=1) if spec.kind == "hash" else rows


def kill_again_and_again(
    collection: Path,
    encoders: str,
    paths: list[Path],
    *,
    kills: int,
    longest: float,
    seed: int,
    on_duplicate: str = "keep",
) -> dict[str, int]:
    """Kill that many runs, each within `longest` seconds, then let one finish.

    A collection that is complete before a kill starts again in another folder beside it.
    Returns what all runs acknowledged in the last folder; every folder is checked after each kill.
    """
    rng = random.Random(seed)
    acknowledged: dict[str, int] = {}
    done = 0
    while done < kills:
        more, killed = index_and_kill(
            collection, encoders, paths, on_duplicate, rng.uniform(0, longest)
        )
        again = set(more) & set(acknowledged)
        assert not again, f"{len(again)} acknowledged pictures were indexed again"
        acknowledged |= more
        count = check(collection, acknowledged)
        done += killed
        what = "killed" if killed else "ended"
        print(f"{what}: {len(acknowledged)} acknowledged, {count} there", flush=True)
        if not killed:
            collection.rename(f"{collection}.done{done}")
            acknowledged = {}
    more, killed = index_and_kill(collection, encoders, paths, on_duplicate, 3600.0)
    assert not killed
    acknowledged |= more
    check(collection, acknowledged)
    return acknowledged
