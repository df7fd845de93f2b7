"""What a projection and the fusion of two encoders cost a search, and how good its answers are.

    python benchmarks/fusion.py --n 100000

Two encoders of 384 dimensions see the same surface of 24 dimensions, each with a bend and a noise
of its own. Every way of asking takes its turn for each query; all go through `lookalike.search`,
ten records included. Recall is of the ten nearest of an exact ranking in the same space.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.projection import Projection, fit
from lookalike.filters import parse
from lookalike.records import EncoderSpec
from lookalike.search import Term, search
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

DIM, SIZE, LATENT = 384, 256, 24
NAMES = ("a", "b")
Floats = NDArray[np.float32]


def embeddings(n: int, encoder: int) -> Floats:
    """(n, DIM) float16-rounded unit embeddings of the same n pictures by one encoder."""
    rng = np.random.default_rng([7, encoder])
    bend = rng.standard_normal((LATENT, 256), dtype=np.float32) / 5
    lift = rng.standard_normal((256, DIM), dtype=np.float32) / 16
    common = rng.standard_normal(DIM, dtype=np.float32) / 16
    latent = np.random.default_rng(1).standard_normal((n, LATENT), dtype=np.float32)
    rows = np.empty((n, DIM), np.float16)
    for start in range(0, n, 10_000):
        some = slice(start, start + 10_000)
        noise = rng.standard_normal((len(latent[some]), DIM), dtype=np.float32)
        made = np.tanh(latent[some] @ bend) @ lift + 0.15 * noise / 4 + common
        rows[some] = made / np.linalg.norm(made, axis=1, keepdims=True)
    return rows.astype(np.float32)


def truth(rows: Floats, asked: NDArray[np.int64]) -> Floats:
    """(queries, n) cosines of rows of unit length."""
    return rows[asked] @ rows.T


def ask(store: LocalStore, encoder: str, **options: Any) -> Callable[[int], list[int]]:
    """A function from a row to the ids found for it."""

    def one(row: int) -> list[int]:
        results = search(store, [Term("id", row + 1)], encoder=encoder, **options)
        return [hit.id for hit in results]

    return one


def compare(
    title: str,
    ways: dict[str, tuple[Callable[[int], list[int]], Floats]],
    asked: NDArray[np.int64],
) -> None:
    """Print recall and times of each way, asked in turns."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    hits = dict.fromkeys(ways, 0)
    for way, _ in ways.values():
        for row in asked[:50].tolist():
            way(row)
    for number, row in enumerate(asked.tolist()):
        for name, (way, exact) in ways.items():
            start = time.perf_counter()
            found = way(row)
            times[name].append((time.perf_counter() - start) * 1e3)
            best = np.argpartition(-exact[number], 10)[:10] + 1
            hits[name] += len(set(best.tolist()) & set(found[:10]))
    print(title)
    base = np.median(next(iter(times.values())))
    for name, took in times.items():
        p50, p95 = np.percentile(took, [50, 95])
        recall = hits[name] / (10 * len(asked))
        print(
            f"  {name:22} recall {recall:.4f}  p50 {p50:6.2f} ms  p95 {p95:6.2f} ms  "
            f"{p50 / base:5.2f} x"
        )


def main() -> None:
    """Store, ask, project, ask again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=300)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lookalike-fusion-"))
    try:
        measure(folder, options.n, options.queries)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(folder: Path, n: int, count: int) -> None:
    """Print everything."""
    asked = np.random.default_rng(2).choice(n, count, replace=False)
    made = [embeddings(n, place) for place in range(len(NAMES))]
    with LocalStore.open(folder / "c") as store:
        for name in NAMES:
            store.add_encoder(EncoderSpec(name, "embedding", DIM))
        for start in range(0, n, 5000):
            ids = range(start, min(start + 5000, n))
            store.upsert(
                [
                    Entry(
                        f"/{row}.jpg",
                        attributes={"group": row % 33},
                        vectors={name: rows[row] for name, rows in zip(NAMES, made, strict=True)},
                    )
                    for row in ids
                ]
            )
        store.optimize()
        cosines = [truth(rows, asked) for rows in made]
        compare("as they are", ways(store, cosines), asked)
        sizes(store)
        fitted: list[Projection] = [fit(rows[:20_000], SIZE, 0.5) for rows in made]
        began = time.perf_counter()
        for name, projection in zip(NAMES, fitted, strict=True):
            store.set_projection(name, projection)
        took = (time.perf_counter() - began) / len(NAMES)
        print(f"set_projection {DIM} to {SIZE}: {took:.1f} s an encoder")
        projected = [
            projection.project(rows) for rows, projection in zip(made, fitted, strict=True)
        ]
        cosines = [truth(rows, asked) for rows in projected]
        compare(f"projected to {SIZE}", ways(store, cosines), asked)
        sizes(store)
        pages(store, asked[:30])


def ways(
    store: LocalStore, cosines: list[Floats]
) -> dict[str, tuple[Callable[[int], list[int]], Floats]]:
    """One encoder, and both."""
    both = (cosines[0] + cosines[1]) * np.float32(0.5)
    return {"one encoder": (ask(store, "a"), cosines[0]), "two fused": (ask(store, "a,b"), both)}


def pages(store: LocalStore, asked: NDArray[np.int64]) -> None:
    """Times of deeper pages and of a filter, fused."""
    where = parse("group == 5")
    asks: tuple[tuple[str, dict[str, Any]], ...] = (
        ("100 hits", {"limit": 100}),
        ("hits 200 to 219", {"limit": 20, "offset": 200}),
        ("within a filter of 3 %", {"where": where}),
    )
    for title, given in asks:
        way = ask(store, "a,b", **given)
        way(int(asked[0]))
        times = []
        for row in asked.tolist():
            start = time.perf_counter()
            way(row)
            times.append((time.perf_counter() - start) * 1e3)
        print(f"  two fused, {title}: p50 {np.median(times):.1f} ms")


def sizes(store: LocalStore) -> None:
    """Print what a vector takes in the index."""
    one = store.stats().encoders[0]
    each = one.index_bytes / one.vectors
    print(f"  {one.dimensions} dimensions: {each:,.0f} bytes a vector in the index, all in all")


if __name__ == "__main__":
    main()
