"""Kills indexing processes at random moments and checks what they leave behind.

A collection is a folder, or the address of one on a server, which may be killed as well.
"""

import contextlib
import json
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import indexing_child
import numpy as np
from milvus_server import MilvusProcess
from store_at import open_store

from lookalike.records import EncoderSpec
from lookalike.stores.base import Store
from lookalike.stores.milvus.address import is_address

CHILD = Path(indexing_child.__file__)
_ASKED_OF_SERVERS = 30
"""Records that are searched for on a server after each kill, at least; elsewhere all."""
_MOST_STRAYS = 100
"""Vectors without a record after a kill; far more than what is on its way at a time."""


def index_and_kill(
    collection: str | Path,
    encoders: str,
    paths: list[Path],
    on_duplicate: str,
    seconds: float,
    server: MilvusProcess | None = None,
) -> tuple[dict[str, int], bool]:
    """Start a child, kill it that long after its first record; what it acknowledged by uri.

    With a `server` that one is killed then, and started again, and the child goes on to its end.
    The second value tells whether the kill came before the child had ended by itself.
    """
    given = [str(collection), encoders, on_duplicate, *map(str, paths)]
    command = [sys.executable, str(CHILD), *given]
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    lines: list[bytes] = []
    begun = threading.Event()

    def read() -> None:
        # Its pipe must not fill up meanwhile: a child that waits is not killed at work.
        for line in child.stdout:
            lines.append(line)
            begun.set()
        begun.set()

    reader = threading.Thread(target=read)
    reader.start()
    begun.wait()
    try:
        child.wait(seconds)
        struck = False
    except subprocess.TimeoutExpired:
        struck = True
        if server is None:
            child.kill()
        else:
            server.restart()
    ended = child.wait()
    reader.join()
    child.stdout.close()
    expected = -signal.SIGKILL if struck and server is None else 0
    if ended != expected:
        raise RuntimeError(f"the child failed by itself with status {ended}")
    # The last line may be cut short by the kill: then it is not an acknowledgement.
    whole = [json.loads(line) for line in lines if line.endswith(b"\n")]
    return {uri: key for key, uri in whole}, struck


def check(collection: str | Path, acknowledged: dict[str, int], *, cut_off: bool = False) -> int:
    """Every acknowledged record is there, none twice, and index and catalogue agree.

    Servers get the vectors before the record, so what was `cut_off` there may have left some.
    Returns how many records there are.
    """
    strays = _MOST_STRAYS if cut_off and is_address(str(collection)) else 0
    with contextlib.closing(open_store(collection)) as store:
        records = list(store.scan())
        found = {record.uri: record.id for record in records}
        assert len(found) == len(records), "a picture is there twice"
        lost = {uri for uri, key in acknowledged.items() if found.get(uri) != key}
        assert not lost, f"{len(lost)} acknowledged records are lost or have another id"
        assert store.count() == len(records)
        assert not store.stats().problems, store.stats().problems
        for spec in store.encoders():
            assert not store.missing(spec.name), "a record has no vector"
            check_index(store, spec, found.values(), strays)
    return len(records)


def check_index(store: Store, spec: EncoderSpec, ids: Iterable[int], strays: int) -> None:
    """The index answers with the records of the catalogue and few strays; each finds itself."""
    stored = store.vectors(spec.name, list(ids))
    assert set(stored) == set(ids)
    if spec.kind == "embedding":
        limit = len(stored) + strays + 10
        everything = {
            one.id for one in store.nearest(spec.name, next(iter(stored.values())), limit)
        }
        assert set(stored) <= everything, "the index lacks records"
        assert len(everything) <= len(stored) + strays, "the index has what is no record"
    # A server takes milliseconds for each.
    step = max(len(stored) // _ASKED_OF_SERVERS, 1) if store.many_writers else 1
    for key, vector in islice(stored.items(), None, None, step):
        if spec.kind == "hash":
            itself = store.within(spec.name, vector, 0, len(stored))
        else:
            itself = store.nearest(spec.name, vector, len(stored), max_distance=1e-3)
        assert key in {near.id for near in itself}, f"record {key} does not find itself"


def contents(collection: str | Path) -> Iterator[tuple[object, ...]]:
    """All that a collection holds, but for ids and times, in an order that does not depend on them.

    Vectors are compared apart: batches of other sizes may turn their last bits.
    """
    with contextlib.closing(open_store(collection)) as store:
        for record in sorted(store.scan(), key=lambda record: record.uri):
            yield (
                record.uri,
                record.sha256,
                record.md5,
                record.size,
                record.modified_ns,
                (record.width, record.height, record.format),
            )


def vectors(collection: str | Path, encoder: str) -> np.ndarray:
    """The stored vectors in order of uri, hashes as bits: (n, size)."""
    with contextlib.closing(open_store(collection)) as store:
        spec = next(spec for spec in store.encoders() if spec.name == encoder)
        ids = [record.id for record in sorted(store.scan(), key=lambda record: record.uri)]
        found = store.vectors(encoder, ids)
        rows = np.stack([found[key] for key in ids])
    return np.unpackbits(rows, axis=1) if spec.kind == "hash" else rows


def empty(collection: str | Path) -> None:
    """Take all records out."""
    with contextlib.closing(open_store(collection)) as store:
        store.delete([record.id for record in store.scan()])


def kill_again_and_again(
    collection: str | Path,
    encoders: str,
    paths: list[Path],
    *,
    kills: int,
    longest: float,
    seed: int,
    on_duplicate: str = "keep",
    server: MilvusProcess | None = None,
) -> dict[str, int]:
    """Kill that many runs, each within `longest` seconds, then let one finish.

    With a `server` every other time that one is killed, and started again, rather than the run.
    A collection that is complete is emptied before the next kill. Returns what all runs
    acknowledged since; the collection is checked after each kill.
    """
    rng = random.Random(seed)
    acknowledged: dict[str, int] = {}
    done = 0
    while done < kills:
        struck = server if done % 2 else None
        more, killed = index_and_kill(
            collection, encoders, paths, on_duplicate, rng.uniform(0, longest), struck
        )
        again = set(more) & set(acknowledged)
        assert not again, f"{len(again)} acknowledged pictures were indexed again"
        acknowledged |= more
        count = check(collection, acknowledged, cut_off=killed and struck is None)
        done += killed
        what = ("killed" if struck is None else "server killed") if killed else "ended"
        print(f"{what}: {len(acknowledged)} acknowledged, {count} there", flush=True)
        if not killed or struck is not None:
            empty(collection)
            acknowledged = {}
    more, killed = index_and_kill(collection, encoders, paths, on_duplicate, 3600.0)
    assert not killed
    acknowledged |= more
    check(collection, acknowledged)
    return acknowledged
