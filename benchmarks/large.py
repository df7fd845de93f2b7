"""A large local collection: what it costs to load, build, open, search and filter.

    python benchmarks/large.py --n 1000000 --folder /somewhere/with/5GB
    python benchmarks/large.py --n 10000000 --folder /somewhere/with/35GB --steps load
    python benchmarks/large.py --n 10000000 --folder /somewhere/with/35GB --steps search,filter,open

Embeddings are those of `search.py`, on a curved surface, added through `Collection.add_embeddings`
a million at a time from a memory map. Every step is a process of its own, can be repeated alone,
and `load` goes on where it stopped. Memory is sampled: `own` is what only its owner can give back,
`resident` also counts the pages of files, which the system takes back when it needs them; the graph
is built by a child, counted beside.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from search import DIM, surface, unit

import lookalike
from lookalike.indexes import IndexSpec
from lookalike.records import EncoderSpec
from lookalike.stores.local import LocalStore

ENCODER = "made"
CHUNK = 10_000
"""Rows made at once; a million is so many of these."""
MILLION = 1_000_000
TENANTS = 5
STEPS = ("load", "search", "filter", "open", "reader")
QUERIES = 300
FILTERS: dict[str, tuple[str, Callable[[NDArray[np.int64]], NDArray[np.bool_]]]] = {
    "0.1 %": ("rare == true", lambda places: places % 1000 == 0),
    "3 %": ('group == "g5"', lambda places: places % 33 == 5),
    "3 % by number": ("price >= 40 and price < 43", lambda places: abs(places % 100 - 41) <= 1),
    "30 %": ("price < 30", lambda places: places % 100 < 30),
}
Floats = NDArray[np.float32]


class Made(Sequence[Any]):
    """Uris or attributes of some rows, made when they are asked for."""

    def __init__(self, start: int, count: int, make: Callable[[int], Any]) -> None:
        self._start, self._count, self._make = start, count, make

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: Any) -> Any:
        return self._make(self._start + place)


def uri_of(place: int) -> str:
    """The name of a row's picture."""
    return f"/photos/{place % 500}/{place}.jpg"


def attributes_of(place: int) -> dict[str, Any]:
    """1 in 33 is of the same group, 1 in 1000 is rare."""
    return {"group": f"g{place % 33}", "price": place % 100, "rare": place % 1000 == 0}


def asked() -> Floats:
    """Embeddings of the first rows, moved by as much noise as they have themselves."""
    rng = np.random.default_rng(1)
    rows = surface()(0, CHUNK)[rng.integers(0, CHUNK, QUERIES)]
    return unit(rows + 0.15 / DIM**0.5 * 4 * rng.standard_normal(rows.shape, dtype=np.float32))


def merged(best: Any, scores: Floats, places: NDArray[np.int64]) -> Any:
    """The ten best (scores, places) of those so far and of some more."""
    wide = np.broadcast_to(places, scores.shape)
    if best is not None:
        scores, wide = np.hstack([best[0], scores]), np.hstack([best[1], wide])
    order = np.argpartition(-scores, min(10, scores.shape[1] - 1), axis=1)[:, :10]
    return np.take_along_axis(scores, order, 1), np.take_along_axis(wide, order, 1)


def make(folder: Path, number: int, count: int) -> NDArray[np.float16]:
    """Write million `number` into a memory map, and the exact answers among it beside."""
    path = folder / "million.npy"
    rows = np.lib.format.open_memmap(path, "w+", np.float16, (count, DIM))
    chunk, queries = surface(), asked()
    best: dict[str, Any] = dict.fromkeys(["", "tenant", *FILTERS])
    for start in range(0, count, CHUNK):
        own = min(CHUNK, count - start)
        made = chunk((number * MILLION + start) // CHUNK, own)
        rows[start : start + own] = made
        places = np.arange(start, start + own) + number * MILLION
        scores = queries @ made.T
        best[""] = merged(best[""], scores, places)
        if number % TENANTS == 0:
            best["tenant"] = merged(best["tenant"], scores, places)
        for name, (_, passes) in FILTERS.items():
            kept = passes(places)
            best[name] = merged(best[name], scores[:, kept], places[kept])
    arrays = {f"{name}|{part}": best[name][part] for name in best if best[name] for part in (0, 1)}
    np.savez(folder / f"truth-{number}.npz", **arrays)
    rows.flush()
    return rows


def truth(folder: Path, n: int) -> dict[str, NDArray[np.int64]]:
    """The exact ten nearest places of every query: overall, in a tenant, within each filter."""
    best: dict[str, Any] = dict.fromkeys(["", "tenant", *FILTERS])
    for number in range(-(-n // MILLION)):
        with np.load(folder / f"truth-{number}.npz") as file:
            for name, before in best.items():
                if f"{name}|0" in file:
                    scores, places = file[f"{name}|0"], file[f"{name}|1"]
                    if before is not None:
                        scores = np.hstack([before[0], scores])
                        places = np.hstack([before[1], places])
                    order = np.argsort(-scores, axis=1)[:, :10]
                    best[name] = [np.take_along_axis(one, order, 1) for one in (scores, places)]
    return {name: found[1] for name, found in best.items()}


class Watch:
    """Samples the memory of this process, and of its children, while the block runs; MB."""

    def __init__(self) -> None:
        self.own = self.resident = self.child = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        own = os.getpid()
        while not self._over.wait(0.2):
            anonymous, resident = memory(own)
            self.own, self.resident = max(self.own, anonymous), max(self.resident, resident)
            for child in children(own):
                self.child = max(self.child, memory(child)[0])

    def __str__(self) -> str:
        return f"own {self.own:,} MB, resident {self.resident:,} MB, child's own {self.child:,} MB"


def memory(process: int | str) -> tuple[int, int]:
    """(own, resident) MB of a process; zeros when it is gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0, 0
    found = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return tuple(int(found.get(key, "0 kB").split()[0]) // 1024 for key in ("RssAnon", "VmRSS"))  # type: ignore[return-value]


def children(process: int) -> Iterator[int]:
    """Processes that a process started."""
    for task in Path(f"/proc/{process}/task").iterdir():
        try:
            yield from map(int, (task / "children").read_text().split())
        except OSError:
            continue


def load(folder: Path, n: int, index: str) -> None:
    """Add what is not there yet."""
    if index:
        with LocalStore.open(folder / "collection") as store:
            spec = EncoderSpec(ENCODER, "embedding", DIM)
            if not store.encoders():
                store.add_encoder(spec)
                store.set_index(ENCODER, IndexSpec.parse(index))
    while True:
        with lookalike.open(folder / "collection") as collection:
            done = len(collection)
            if done >= n:
                print(f"{done:,} records are there", flush=True)
                return
            number = done // MILLION
            count = min(MILLION, n - number * MILLION)
            begin = time.perf_counter()
            rows = make(folder, number, count)
            made = time.perf_counter()
            stored = made

            def tell(stage: str, done: int, total: int) -> None:
                nonlocal stored
                if stage == "add embeddings":
                    stored = time.perf_counter()

            first = number * MILLION
            with Watch() as watch:
                collection.add_embeddings(
                    np.arange(first + 1, first + count + 1),
                    rows,
                    uris=Made(first, count, uri_of),
                    attributes=Made(first, count, attributes_of),
                    tenant=f"tenant-{number % TENANTS}",
                    encoder=ENCODER,
                    progress=tell,
                )
            built = time.perf_counter()
        closed = time.perf_counter()
        print(
            f"{first + count:>10,}: made in {made - begin:.0f} s, stored in {stored - made:.0f} s "
            f"({count / (stored - made):,.0f}/s), graph {built - stored:.0f} s, "
            f"closed {closed - built:.1f} s; {watch}; {disk(folder, first + count)}",
            flush=True,
        )
        (folder / "million.npy").unlink()


def disk(folder: Path, n: int) -> str:
    """Bytes a record on disk, by part."""
    parts: dict[str, int] = {}
    for path in (folder / "collection").rglob("*"):
        if path.is_file():
            name = path.name if "segments" not in path.parts else "codes"
            for part in ("payload_storage", "payload_index", "vector_index"):
                name = part if part in path.parts else name
            parts[name] = parts.get(name, 0) + path.stat().st_blocks * 512
    told = ", ".join(f"{name} {size / n:,.0f}" for name, size in parts.items() if size / n >= 1)
    return f"{sum(parts.values()) / n:,.0f} bytes a record ({told})"


def ask(folder: Path, n: int, name: str, call: Callable[[Floats], list[int]]) -> None:
    """Print recall and times of one way of asking."""
    queries = asked()
    start = time.perf_counter()
    call(queries[0])
    first = (time.perf_counter() - start) * 1e3
    for query in queries:
        call(query)
    found, times = [], []
    for query in queries:
        start = time.perf_counter()
        found.append(call(query))
        times.append((time.perf_counter() - start) * 1e3)
    exact = truth(folder, n)[name]
    pairs = zip(exact.tolist(), found, strict=True)
    hits = sum(len({place + 1 for place in true} & set(own)) for true, own in pairs)
    p50, p95, p99 = np.percentile(times, [50, 95, 99])
    print(
        f"{name or 'all':16} recall@10 {hits / exact.size:.4f}  p50 {p50:7.2f}  p95 {p95:7.2f}  "
        f"p99 {p99:7.2f} ms; first {first:,.0f} ms",
        flush=True,
    )


def searcher(collection: Any, **more: Any) -> Callable[[Floats], list[int]]:
    """Ten records, through the public face."""

    def call(query: Floats) -> list[int]:
        found = collection.search(vector=query, limit=10, encoder=ENCODER, **more)
        return [hit.id for hit in found]

    return call


def search(folder: Path, n: int) -> None:
    """Single searches of ten, of a hundred, and of a later page."""
    with lookalike.open(folder / "collection") as collection, Watch() as watch:
        ask(folder, n, "", searcher(collection))
        for limit, offset in ((100, 0), (20, 200)):
            times = []
            for query in asked()[:20]:
                start = time.perf_counter()
                collection.search(vector=query, limit=limit, offset=offset, encoder=ENCODER)
                times.append((time.perf_counter() - start) * 1e3)
            print(f"hits {offset} to {offset + limit}: p50 {np.median(times):.1f} ms", flush=True)
    print(watch, flush=True)


def filtered(folder: Path, n: int) -> None:
    """Within filters and within a tenant."""
    with lookalike.open(folder / "collection") as collection, Watch() as watch:
        ask(folder, n, "tenant", searcher(collection, tenant="tenant-0"))
        for name, (text, _) in FILTERS.items():
            ask(folder, n, name, searcher(collection, where=text))
        start = time.perf_counter()
        count = collection.count(where='group == "g5"')
        print(f"counting {count:,} by a filter: {time.perf_counter() - start:.2f} s", flush=True)
    print(watch, flush=True)


def first_answer(folder: Path, n: int) -> None:
    """From opening to the first ten records, with the files in the page cache and without."""
    code = (
        "import sys, time; import numpy as np; from lookalike.stores.local import LocalStore;"
        f"q = np.ones({DIM}, np.float32) / {DIM} ** .5; t = time.perf_counter();"
        "s = LocalStore.open(sys.argv[1]);"
        f"r = s.get([n.id for n in s.nearest('{ENCODER}', q, 10)]);"
        "print(f'{time.perf_counter() - t:.2f}'); assert len(r) == 10"
    )
    for state in ("cold", "warm"):
        if state == "cold":
            for path in (folder / "collection").rglob("*"):
                if path.is_file():
                    with path.open("rb") as file:
                        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        command = [sys.executable, "-c", code, str(folder / "collection")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        print(f"open to first answer, {state}: {done.stdout.strip()} s", flush=True)


def reader(folder: Path, n: int) -> None:
    """What a reader, who compares with every embedding, takes."""
    with lookalike.open(folder / "collection", read_only=True) as collection:
        call = searcher(collection)
        start = time.perf_counter()
        call(asked()[0])
        print(f"reader, one search: {time.perf_counter() - start:.1f} s", flush=True)


def main() -> None:
    """Run the steps, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=MILLION)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--steps", default=",".join(STEPS))
    parser.add_argument("--index", default="", help="such as HNSW:M=16,efConstruction=64")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for step in options.steps.split(","):
        if not options.child:
            print(f"-- {step} {time.strftime('%H:%M:%S')}", flush=True)
            more = ["--n", str(options.n), "--folder", str(options.folder)]
            more += ["--index", options.index, "--steps", step, "--child"]
            subprocess.run([sys.executable, __file__, *more], check=True)
        elif step == "load":
            load(options.folder, options.n, options.index)
        else:
            ways = {"search": search, "filter": filtered, "open": first_answer, "reader": reader}
            ways[step](options.folder, options.n)


if __name__ == "__main__":
    main()
