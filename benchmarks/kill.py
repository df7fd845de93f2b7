"""Kill a process that writes to a store at random moments; see that nothing is lost.

    python benchmarks/kill.py --kills 25 [--milvus]

A child adds, changes and deletes records, builds graphs, changes the projection, and says on its
standard output what the store has acknowledged. It is killed with SIGKILL; then the store is
opened and compared with what was said, the index with the catalogue. The next child goes on in
the same place.

With --milvus the store is on a Milvus server of its own. Every other time the server is killed
and started again, and the child goes on and is killed later. What the child was writing is then
written once more, as the next run of anything does, the collection is rebuilt, and all must
agree: no record without a vector, no vector without a record or of another version, no table that
nobody uses.
"""

import argparse
import contextlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from milvus_server import QUICK, MilvusProcess
from store_at import open_store

from lookalike.encoders.projection import Projection
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry, Store
from lookalike.stores.local import LocalStore, shards
from lookalike.stores.local.payload import payload, same_payload
from lookalike.stores.milvus.address import is_address
from lookalike.stores.milvus.store import MilvusStore

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


def write_forever(where: str, seed: int) -> None:
    """The child: change the store, and say `number version` of each after the store did."""
    # Small collections are to have graphs and flushes as well.
    shards._GRAPH_FROM, shards._FLUSH_EVERY = 300, 150
    rng = random.Random(seed)
    print("ready", flush=True)
    with contextlib.closing(open_store(where)) as store:
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


def run_and_kill(
    where: str, seed: int, seconds: float, server: MilvusProcess | None = None
) -> list[tuple[str, dict[int, int]]]:
    """Run a child for so long, kill it, and return what it said.

    With a `server` that one is killed then and started again, and the child as much later.
    """
    command = [sys.executable, __file__, "--child", str(seed), "--where", where]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        # A server takes seconds to make a collection: the clock starts at the first change.
        lines = [child.stdout.readline()] if is_address(where) else []
        # Its pipe must not fill up meanwhile: a child that waits is not killed at work.
        reader = threading.Thread(target=lambda: lines.extend(child.stdout or ()))
        reader.start()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
            raise AssertionError(f"the child ended by itself: {child.returncode}")
        if server is not None:
            server.restart()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(seconds)
                raise AssertionError(f"the child did not outlive its server: {child.returncode}")
        child.kill()
        child.wait()
        reader.join()
    said = []
    for line in lines:
        if line.endswith("\n"):
            what, *changes = line.split()
            said.append((what, {int(a): int(b) for a, b in (one.split(":") for one in changes)}))
    return said


def check(where: str, sure: dict[int, int], tried: dict[int, int]) -> str:
    """Compare the store with what was acknowledged; returns what it had to put right."""
    with contextlib.closing(open_store(where)) as store:
        found = versions_of(store)
        for number in set(sure) | set(tried) | set(found):
            version = found.get(number, GONE)
            allowed = {sure.get(number, GONE), tried.get(number, sure.get(number, GONE))}
            assert version in allowed, f"{number} is {version}, not one of {allowed}"
        if not store.encoders():
            return ""
        if isinstance(store, LocalStore):
            check_catalogue(store)
            check_index(store)
        else:
            again(store, tried)
            check_catalogue(store)
            check_tables(store)
        for record in random.Random(0).sample(list(store.scan()), min(50, store.count())):
            own = store.vectors("embedding", [record.id])[record.id]
            (nearest,) = store.nearest("embedding", own, 1)
            assert nearest.id == record.id, "a record does not find itself"
        sure.clear()
        sure.update(versions_of(store))
        return " ".join(store.stats().problems)


def versions_of(store: Store) -> dict[int, int]:
    """The version of each picture that is there."""
    records = list(store.scan())
    found = {number_of(record.uri): record.size or 0 for record in records}
    assert len(found) == len(records) == store.count(), "a record is there twice"
    return found


def check_catalogue(store: Store) -> None:
    """Every record has its attributes and vectors, of its version."""
    records = list(store.scan())
    keys = [record.id for record in records]
    vectors, hashes = store.vectors("embedding", keys), store.vectors("hash", keys)
    assert set(vectors) == set(hashes) == set(keys), "a vector is missing"
    for record in records:
        assert record.attributes == {"version": record.size}
        expected = entry(number_of(record.uri), record.size or 0)
        assert np.abs(vectors[record.id] - expected.vectors["embedding"]).max() < 1e-3
        assert (hashes[record.id] == expected.vectors["hash"]).all()


def check_index(store: LocalStore) -> None:
    """The index of a folder holds what its catalogue does."""
    records = list(store.scan())
    keys = [record.id for record in records]
    vectors = store.vectors("embedding", keys)
    (stats, _) = store.stats().encoders
    index = store._shards.index(store._known["embedding"])
    assert stats.vectors == len(index) == len(keys), "the index has another size"
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


def again(store: Store, tried: dict[int, int]) -> None:
    """Do once more what was under way, as the next run of a command does, and `rebuild`."""
    store.upsert([entry(*one) for one in tried.items() if one[1] != GONE])
    uris = [entry(number, 0).uri for number, version in tried.items() if version == GONE]
    store.delete([record.id for record in store.find(uris).values()])
    store.rebuild()


def check_tables(store: Store) -> None:
    """On the server there are no vectors but those of records, and no tables but those in use."""
    assert isinstance(store, MilvusStore)
    state = store._state
    expected = {state.records.name, state.layout.kept.name}
    keys = {record.id for record in store.scan()}
    for member in state.members.values():
        tables = [state.compared(member)]
        if member.has_raw:
            tables.append(state.layout.raw(member.spec))
        for table in tables:
            expected.add(table.name)
            state.connection.ready(table.name)
            rows = state.connection.query(table.name, f"{table.key} >= 0", [table.key], limit=9999)
            there = {row[table.key] for row in rows}
            assert there == keys, (
                f"{table.name}: {len(there - keys)} more, {len(keys - there)} less"
            )
    name = state.layout.name
    own = {one for one in state.connection.tables() if one == name or one.startswith(f"{name}__")}
    assert own == expected, f"tables too many or too few: {own ^ expected}"


def kill_again_and_again(
    where: str, kills: int, longest: float, seed: int, server: MilvusProcess | None = None
) -> int:
    """Kill that many children, each within `longest` seconds; with a `server` that one as well.

    Returns how many times there was something to put right.
    """
    rng = random.Random(seed)
    sure: dict[int, int] = {}
    repairs = 0
    for kill in range(kills):
        tried: dict[int, int] = {}
        struck = server if kill % 2 else None
        said = run_and_kill(where, seed * 1000 + kill, rng.uniform(0.3, longest), struck)
        for what, changes in said:
            if what == "try":
                tried = changes
            else:
                sure.update(changes)
                tried = {}
        assert said or not is_address(where), "the child never got to work"
        notice = check(where, sure, tried)
        repairs += bool(notice)
        who = "server, then client" if struck else "client"
        counts = f"{len(said)} messages, {len(sure)} records"
        print(f"kill {kill + 1} ({who}): {counts}. {notice}", flush=True)
    return repairs


def main() -> None:
    """Kill, check, repeat."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest", type=float, default=4.0, help="seconds before a kill")
    parser.add_argument("--folder", type=Path, help="where the store is kept")
    parser.add_argument("--milvus", action="store_true", help="kill a server as well")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--where", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        write_forever(options.where, options.child)
        return
    folder = options.folder or Path(tempfile.mkdtemp(prefix="lookalike-kill-"))
    with contextlib.ExitStack() as stack:
        if options.folder is None:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        where, server = str(folder), None
        if options.milvus:
            server = MilvusProcess(folder / "server", QUICK).start()
            stack.callback(server.kill)
            where = server.address("kill?timeout=600")
        repairs = kill_again_and_again(where, options.kills, options.longest, options.seed, server)
    print(f"{options.kills} kills, nothing lost, {repairs} times something to put right")


if __name__ == "__main__":
    main()
