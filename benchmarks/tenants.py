"""50,000 tenants in one collection: nobody sees another's pictures, and searches stay fast.

Tenants are of all sizes, the largest with a hundredth of all records. Every hit of every search is
checked by its record, and those of small tenants to be all that the tenant has. Bar: the
95th percentile of searches inside one tenant is at most twice that of searches among all.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from search import ENCODER, chunks, queries

from lookalike.filters import Filter, all_of, parse, tenant_is
from lookalike.indexes import IndexSpec
from lookalike.stores.base import Entry, Store

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

BATCH = 2000
LIMIT = 10
COLOURS = ("red", "green", "blue")


def owners(n: int, tenants: int) -> list[str]:
    """Whose each record is: everybody has one, the rest go to few (Zipf's law)."""
    rng = np.random.default_rng(5)
    weights = 1 / np.arange(1, tenants + 1)
    weights /= weights.sum()
    # None has more than a hundredth of all.
    weights = np.minimum(weights, 0.01)
    rest = rng.choice(tenants, n - tenants, p=weights / weights.sum())
    numbers = np.concatenate([np.arange(tenants), rest])
    rng.shuffle(numbers)
    return [f"tenant-{number}" for number in numbers.tolist()]


def batches(n: int, whose: list[str]) -> Iterator[list[Entry]]:
    """All records, some thousand at a time."""
    for start, rows in chunks(n):
        made = [
            Entry(
                f"/photos/{place}.jpg",
                tenant=whose[place],
                attributes={"colour": COLOURS[place % 3], "price": place % 100},
                vectors={ENCODER.name: row},
            )
            for place, row in enumerate(rows, start)
        ]
        for place in range(0, len(made), BATCH):
            yield made[place : place + BATCH]


def fill(store: Store, n: int, whose: list[str]) -> None:
    """Store everything, several batches at a time where the store takes that."""
    clock = time.perf_counter()
    waiting: deque[Future[list[int]]] = deque()
    with ThreadPoolExecutor(4 if store.many_writers else 1) as pool:
        for batch in batches(n, whose):
            waiting.append(pool.submit(store.upsert, batch))
            if len(waiting) > 8:
                waiting.popleft().result()
        for done in waiting:
            done.result()
    print(f"stored {n / (time.perf_counter() - clock):,.0f} records/s", flush=True)
    store.optimize()


def measure(store: Store, n: int, whose: list[str], count: int) -> bool:
    """Search among all and inside one in turns; whether both bars hold."""
    sizes = Counter(whose)
    rng = np.random.default_rng(9)
    by_size = [name for name, _ in sizes.most_common()]
    asked = queries(n, count)
    # Half of the searches are inside the largest hundredth of tenants, half inside any.
    inside = [
        by_size[rng.integers(0, len(by_size) // 100 if turn % 2 else len(by_size))]
        for turn in range(count)
    ]
    wrong = missing = 0
    cheap_and_red = parse('colour == "red" and price < 50')
    ways: dict[str, Callable[[str], Filter | None]] = {
        "among all": lambda _: None,
        "inside one tenant": tenant_is,
        "inside one, by attributes": lambda tenant: all_of(tenant_is(tenant), cheap_and_red),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        for tenant, query in zip(inside[:20], asked[:20], strict=True):
            store.nearest(ENCODER.name, query, LIMIT, where=way(tenant))
    names = list(ways)
    for turn, (tenant, query) in enumerate(zip(inside, asked, strict=True)):
        start = turn % len(names)
        for name in names[start:] + names[:start]:
            where = ways[name](tenant)
            clock = time.perf_counter()
            found = store.nearest(ENCODER.name, query, LIMIT, where=where)
            times[name].append((time.perf_counter() - clock) * 1e3)
            if where is None:
                continue
            records = store.get([near.id for near in found])
            wrong += sum(record is None or not where.matches(record) for record in records)
            if name == "inside one tenant":
                missing += min(LIMIT, sizes[tenant]) - len(found)
    base = float(np.percentile(times["among all"], 95))
    for name, took in times.items():
        p50, p95 = np.percentile(took, [50, 95])
        print(f"  {name:28} p50 {p50:7.2f} ms  p95 {p95:7.2f} ms  ratio of p95 {p95 / base:5.2f}")
    print(f"  hits of others: {wrong}; hits that were missing: {missing}")
    return not wrong and not missing and np.percentile(times["inside one tenant"], 95) <= 2 * base


def main() -> None:
    """Both stores, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=200_000)
    parser.add_argument("--tenants", type=int, default=50_000)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--store", choices=["local", "milvus", "both"], default="both")
    options = parser.parse_args()
    whose = owners(options.n, options.tenants)
    sizes = Counter(whose)
    print(f"{len(sizes):,} tenants with 1 to {max(sizes.values()):,} of {options.n:,} records")
    folder = Path(tempfile.mkdtemp(prefix="lookalike-tenants-"))
    good = True
    try:
        if options.store != "milvus":
            from lookalike.stores.local import LocalStore

            print("local")
            with LocalStore.open(folder / "local") as store:
                store.add_encoder(ENCODER)
                fill(store, options.n, whose)
                good = measure(store, options.n, whose, options.queries)
        if options.store != "local":
            good = on_milvus(folder / "milvus", options, whose) and good
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if good else 1)


def on_milvus(folder: Path, options: argparse.Namespace, whose: list[str]) -> bool:
    """The same on a server of its own."""
    from milvus_server import MilvusProcess

    from lookalike.stores.milvus import MilvusAddress
    from lookalike.stores.milvus.store import MilvusStore

    server = MilvusProcess(folder).start()
    try:
        print("Milvus")
        with MilvusStore.open(MilvusAddress.parse(server.address("tenants"))) as store:
            store.add_encoder(ENCODER, index=IndexSpec.parse("HNSW"))
            fill(store, options.n, whose)
            time.sleep(30)
            return measure(store, options.n, whose, options.queries)
    finally:
        server.kill()


if __name__ == "__main__":
    main()
