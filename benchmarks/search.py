"""Search through our store and our collection, beside the raw engine on the same files.

    python benchmarks/search.py --n 100000
    python benchmarks/search.py --n 1000000 --folder /somewhere/with/6GB

Embeddings lie on a curved surface of 24 dimensions with noise, which is closer to those of
pictures, and harder, than separate Gaussian clusters. Queries are embeddings moved by noise.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as qdrant
from numpy.typing import NDArray

from lookalike.filters import Filter, parse, tenant_is
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

DIM = 512
LATENT = 24
CHUNK = 10_000
ENCODER = EncoderSpec("made", "embedding", DIM)
Floats = NDArray[np.float32]


def surface(seed: int = 7) -> Callable[[int, int], Floats]:
    """A function (chunk, count) → (count, DIM) unit embeddings, the same each time."""
    rng = np.random.default_rng(seed)
    bend = rng.standard_normal((LATENT, 256), dtype=np.float32) / 5
    lift = rng.standard_normal((256, DIM), dtype=np.float32) / 16

    def chunk(number: int, count: int) -> Floats:
        own = np.random.default_rng([seed, number])
        latent = own.standard_normal((count, LATENT), dtype=np.float32)
        noise = own.standard_normal((count, DIM), dtype=np.float32)
        return unit(np.tanh(latent @ bend) @ lift + 0.15 * noise)

    return chunk


def unit(rows: Floats) -> Floats:
    """Rows of unit length."""
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def chunks(n: int) -> Iterator[tuple[int, Floats]]:
    """(first position, embeddings) of all n."""
    make = surface()
    for start in range(0, n, CHUNK):
        yield start, make(start // CHUNK, min(CHUNK, n - start))


def queries(n: int, count: int) -> Floats:
    """Embeddings of the collection, moved by as much noise as they have themselves."""
    rng = np.random.default_rng(1)
    rows = surface()(0, min(CHUNK, n))[rng.integers(0, min(CHUNK, n), count)]
    return unit(rows + 0.15 / DIM**0.5 * 4 * rng.standard_normal(rows.shape, dtype=np.float32))


def entries(start: int, rows: Floats) -> list[Entry]:
    """What is stored: 1 in 33 is of the same group, 1 in 1000 is rare, 1 in 10 of one tenant."""
    return [
        Entry(
            f"/photos/{place % 500}/{place}.jpg",
            tenant=f"tenant-{place % 10}",
            attributes={
                "group": f"g{place % 33}",
                "price": place % 100,
                "rare": place % 1000 == 0,
            },
            vectors={ENCODER.name: row},
        )
        for place, row in enumerate(rows, start)
    ]


FILTERS: dict[str, tuple[Filter, Callable[[NDArray[np.int64]], NDArray[np.bool_]]]] = {
    "0.1 %": (parse("rare == true"), lambda ids: ids % 1000 == 0),
    "3 %": (parse('group == "g5"'), lambda ids: ids % 33 == 5),
    "3 % by number": (parse("price >= 40 and price < 43"), lambda ids: abs(ids % 100 - 41) <= 1),
    "10 % tenant": (tenant_is("tenant-5"), lambda ids: ids % 10 == 5),
    "30 %": (parse("price < 30"), lambda ids: ids % 100 < 30),
    "75 %": (parse("price < 75"), lambda ids: ids % 100 < 75),
}


class Truth:
    """The exact ten nearest of every query, overall and within each filter."""

    def __init__(self, asked: Floats, count: int = 10) -> None:
        self.asked, self.count = asked, count
        self.best: dict[str, tuple[Floats, NDArray[np.int64]]] = {}

    def add(self, start: int, rows: Floats) -> None:
        """Take some embeddings into account."""
        ids = np.arange(start, start + len(rows))
        scores = self.asked @ rows.T
        self._merge("", scores, ids)
        for name, (_, passes) in FILTERS.items():
            kept = passes(ids)
            self._merge(name, scores[:, kept], ids[kept])

    def _merge(self, name: str, scores: Floats, ids: NDArray[np.int64]) -> None:
        wide = np.broadcast_to(ids, scores.shape)
        if name in self.best:
            scores = np.hstack([self.best[name][0], scores])
            wide = np.hstack([self.best[name][1], wide])
        order = np.argsort(-scores, axis=1)[:, : self.count]
        self.best[name] = (
            np.take_along_axis(scores, order, 1),
            np.take_along_axis(wide, order, 1),
        )

    def recall(self, name: str, found: list[list[int]]) -> float:
        """Share of the exact answers that were found; record ids count from 1."""
        pairs = zip(self.best[name][1].tolist(), found, strict=True)
        hits = sum(len({one + 1 for one in exact} & set(own[:10])) for exact, own in pairs)
        return hits / self.best[name][1].size


def timed(ask: Callable[[Floats], list[int]], asked: Floats) -> tuple[list[list[int]], Floats]:
    """Answers, and the milliseconds of each."""
    found, times = [], []
    for query in asked:
        start = time.perf_counter()
        found.append(ask(query))
        times.append((time.perf_counter() - start) * 1e3)
    return found, np.array(times, np.float32)


def raw(shard: Any, parameters: Any) -> Callable[[Floats], list[int]]:
    """The engine asked directly for ten ids."""

    def ask(query: Floats) -> list[int]:
        nearest = qdrant.Query.Nearest(query.tolist())
        request = qdrant.QueryRequest(10, query=nearest, params=parameters)
        return [point.id for point in shard.query(request)]

    return ask


def collection_search(folder: Path) -> tuple[Callable[[Floats], list[int]], Callable[[], None]]:
    """Search through the public face."""
    import lookalike

    collection = lookalike.open(folder)

    def ask(query: Floats) -> list[int]:
        return [hit.id for hit in collection.search(vector=query, limit=10, encoder=ENCODER.name)]

    return ask, collection.close


def build(folder: Path, n: int, truth: Truth) -> dict[str, float]:
    """Store n embeddings; returns what it took."""
    took = {"upsert": 0.0, "graph": 0.0}
    with LocalStore.open(folder) as store:
        store.add_encoder(ENCODER)
        for start, rows in chunks(n):
            truth.add(start, rows)
            made = entries(start, rows)
            clock = time.perf_counter()
            store.upsert(made)
            took["upsert"] += time.perf_counter() - clock
        clock = time.perf_counter()
        store.optimize()
        took["graph"] = time.perf_counter() - clock
        clock = time.perf_counter()
    took["close"] = time.perf_counter() - clock
    return took


def first_answer(folder: Path) -> str:
    """Seconds from opening to the first ten records in a fresh process, interpreter not counted."""
    code = (
        "import sys, time; import numpy as np; from lookalike.stores.local import LocalStore;"
        "q = np.ones(512, np.float32) / 512 ** .5; t = time.perf_counter();"
        "s = LocalStore.open(sys.argv[1]); r = s.get([n.id for n in s.nearest('made', q, 10)]);"
        "print(f'{time.perf_counter() - t:.2f}'); assert len(r) == 10"
    )
    command = [sys.executable, "-c", code, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def line(name: str, recall: float, times: Floats, base: float | None = None) -> None:
    """One row of the table."""
    p50, p95 = np.percentile(times, [50, 95])
    ratio = f"{p50 / base:5.2f}" if base else "     "
    print(f"{name:34} recall {recall:.4f}  p50 {p50:7.3f} ms  p95 {p95:7.3f} ms  {ratio}")


def main() -> None:
    """Build, then ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--folder", type=Path, help="kept afterwards, and used again if built")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="lookalike-search-"))
    asked = queries(options.n, options.queries)
    truth = Truth(asked)
    try:
        measure(folder, options.n, asked, truth)
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


def measure(folder: Path, n: int, asked: Floats, truth: Truth) -> None:
    """The whole table."""
    if (folder / "catalogue.sqlite3").exists():
        for start, rows in chunks(n):
            truth.add(start, rows)
    else:
        took = build(folder, n, truth)
        rate = n / took["upsert"]
        print(f"upsert {took['upsert']:.1f} s ({rate:,.0f}/s), graph {took['graph']:.1f} s")
    size = sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
    print(f"disk {size / n:,.0f} bytes a record; open to first answer {first_answer(folder)} s")

    from lookalike.indexes import defaults
    from lookalike.stores.local import engine

    (shard_folder,) = (folder / "vectors").iterdir()
    shard = qdrant.EdgeShard.load(str(shard_folder))
    ask_raw = raw(shard, engine._parameters(defaults("local")))
    with LocalStore.open(folder) as store:

        def ask_store(query: Floats, store: LocalStore = store) -> list[int]:
            return [one.id for one in store.nearest(ENCODER.name, query, 10)]

        def ask_records(query: Floats) -> list[int]:
            found = store.nearest(ENCODER.name, query, 10)
            return [record.id for record in store.get([one.id for one in found]) if record]

        ways = {
            "raw engine": ask_raw,
            "store.nearest": ask_store,
            "store, with records": ask_records,
        }
        results = interleaved(ways, asked)
        base = float(np.median(results["raw engine"][1]))
        for name, (found, times) in results.items():
            line(name, truth.recall("", found), times, base)
        for name, (where, _) in FILTERS.items():

            def ask_filtered(query: Floats, where: Filter = where) -> list[int]:
                return [one.id for one in store.nearest(ENCODER.name, query, 10, where=where)]

            ask_filtered(asked[0])
            line(
                f"filter of {name}", truth.recall(name, (r := timed(ask_filtered, asked))[0]), r[1]
            )
        for limit, offset in ((100, 0), (20, 200)):

            def ask_page(query: Floats, limit: int = limit, offset: int = offset) -> list[int]:
                found = store.nearest(ENCODER.name, query, limit, offset=offset)
                return [one.id for one in found]

            timed(ask_page, asked[:50])
            times = timed(ask_page, asked[:50])[1]
            print(f"limit {limit} offset {offset}: p50 {np.median(times):.3f} ms")
    with LocalStore.open(folder, read_only=True) as store:
        times = timed(lambda query: ask_store(query, store), asked[:5])[1]
        print(f"read-only, exact without the engine: p50 {np.median(times):.0f} ms")
    try:
        ask, close = collection_search(folder)
    except ImportError:
        ask = None
    if ask is not None:
        results = interleaved({"raw engine": ask_raw, "Collection.search": ask}, asked)
        base = float(np.median(results["raw engine"][1]))
        found, times = results["Collection.search"]
        line("Collection.search", truth.recall("", found), times, base)
        close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"n": n, "peak_MB": round(peak)}))


def interleaved(
    ways: dict[str, Callable[[Floats], list[int]]], asked: Floats
) -> dict[str, tuple[list[list[int]], Floats]]:
    """Every way in turn for each query, so that the machine's moods hit all alike.

    Each is warmed up, and another one begins with each query: who asks second finds the
    processor's cache filled.
    """
    found: dict[str, list[list[int]]] = {name: [] for name in ways}
    times: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for name in names:
        timed(ways[name], asked)
    for number, query in enumerate(asked):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            start = time.perf_counter()
            found[name].append(ways[name](query))
            times[name].append((time.perf_counter() - start) * 1e3)
    return {name: (found[name], np.array(times[name], np.float32)) for name in ways}


if __name__ == "__main__":
    main()
