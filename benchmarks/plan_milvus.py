"""What a collection of ours takes on a Milvus server, for `plan.py`.

The server is filled, lets go of every table, is killed and started again, and loads one table after
the other. What it then has more of its own is the table's, on three conditions: it compacts nothing
meanwhile; its allocator (jemalloc) gives back at once what was only needed to read the files, which
otherwise waits for the next load; and the memory of Go's messages is left to its collector, which
is a few megabytes here.
"""

import contextlib
import os
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from milvus_server import QUICK, MilvusProcess
from plan import EMBEDDINGS, HASHES, filled, on_disk
from pymilvus import MilvusClient
from search import queries

from lookalike.indexes import IndexSpec, search_parameters
from lookalike.stores.milvus import MilvusAddress
from lookalike.stores.milvus.store import MilvusStore

NAME = "planned"
WRITERS = 4
SETTLED_SECONDS = 20.0
STEADY_BYTES = 2_000_000
SEARCHES = 300
QUIET = {**QUICK, "common.session.ttl": "20", "dataCoord.enableCompaction": "false"}
GIVES_BACK = "dirty_decay_ms:0,muzzy_decay_ms:0"


def on_milvus(n: int, kind: str, folder: Path) -> dict[str, float]:
    """Store, restart the server, load one table after the other; bytes by the plan's names."""
    server = MilvusProcess(folder, {**QUICK, "common.session.ttl": "20"}).start()
    fill(server, n, kind)
    server.kill()
    os.environ["MALLOC_CONF"] = GIVES_BACK
    server = MilvusProcess(folder, QUIET).start()
    client = MilvusClient(server.uri)
    tables = sorted(client.list_collections())
    for name in tables:
        retried(lambda name=name: client.release_collection(name))
    server.kill()
    server.restart()
    client = MilvusClient(server.uri)
    before = first = steady(server.pid)
    grown: dict[str, int] = {}
    for name in tables:
        retried(lambda name=name: client.load_collection(name))
        after = steady(server.pid)
        grown[name] = after - before
        before = after
    (vectors,) = (name for name in tables if EMBEDDINGS.name in name)
    (codes,) = (name for name in tables if HASHES.name in name)
    print(f"a search takes {searching(server, client, vectors, kind):.2f} ms of a processor")
    data = folder / "data"
    server.kill()
    return {
        "records in memory": grown[NAME],
        f"{EMBEDDINGS.name} in memory": grown[vectors],
        f"{HASHES.name} in memory": grown[codes],
        "one replica in memory": before - first,
        "object storage": on_disk(data, "insert_log/**/*", "index_files/**/*", "stats_log/**/*"),
    }


def fill(server: MilvusProcess, n: int, kind: str) -> None:
    """Write a collection, and wait until all of it is stored and in the index."""
    clock = time.perf_counter()
    with MilvusStore.open(MilvusAddress.parse(server.address(NAME))) as store:
        store.add_encoder(EMBEDDINGS, index=IndexSpec.parse(kind))
        store.add_encoder(HASHES)
        with ThreadPoolExecutor(WRITERS) as pool:
            waiting: deque[Future[list[int]]] = deque()
            for batch in filled(n):
                waiting.append(pool.submit(store.upsert, batch))
                if len(waiting) > 2 * WRITERS:
                    waiting.popleft().result()
            for done in waiting:
                done.result()
        print(f"stored {n / (time.perf_counter() - clock):,.0f} records/s", flush=True)
    client = MilvusClient(server.uri)
    tables = client.list_collections()
    for name in tables:
        client.flush(name)
    until = time.monotonic() + 1200
    while time.monotonic() < until:
        with contextlib.suppress(Exception):  # a server that is too busy to say
            found = [client.describe_index(name, client.list_indexes(name)[0]) for name in tables]
            if all(one.get("pending_index_rows", 0) == 0 for one in found):
                break
        time.sleep(2)
    # Compaction goes on a while; what it replaced stays on the disk longer.
    time.sleep(SETTLED_SECONDS)


def resident(pid: int) -> int:
    """Bytes of memory that are a process's own."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {pid} says nothing about its memory")


def steady(pid: int) -> int:
    """A process's memory once it changes no more."""
    time.sleep(SETTLED_SECONDS / 2)
    last = resident(pid)
    for _ in range(10):
        time.sleep(SETTLED_SECONDS / 4)
        now = resident(pid)
        if abs(now - last) < STEADY_BYTES:
            return now
        last = now
    return last


def searching(server: MilvusProcess, client: MilvusClient, table: str, kind: str) -> float:
    """Milliseconds of processor time that the whole server takes for a search, one at a time."""
    parameters = search_parameters(IndexSpec.parse(kind), "milvus", 10)
    asked = queries(SEARCHES, SEARCHES).tolist()

    def ask(query: list[float]) -> None:
        given = {"metric_type": "IP", "params": parameters}
        client.search(table, [query], limit=10, search_params=given, consistency_level="Eventually")

    for query in asked[:20]:
        ask(query)
    used, clock = processor_seconds(server.pid), time.perf_counter()
    time.sleep(SETTLED_SECONDS / 4)
    idle = (processor_seconds(server.pid) - used) / (time.perf_counter() - clock)
    used, clock = processor_seconds(server.pid), time.perf_counter()
    for query in asked:
        ask(query)
    taken = processor_seconds(server.pid) - used - idle * (time.perf_counter() - clock)
    return taken / len(asked) * 1e3


def processor_seconds(pid: int) -> float:
    """What a process has used of processors."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def retried(call: Any) -> None:
    """A call to a server that has just been started again."""
    for _ in range(60):
        try:
            call()
        except Exception:
            time.sleep(2)
        else:
            return
    call()
