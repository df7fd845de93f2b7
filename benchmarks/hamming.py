"""Exact Hamming search among millions of hashes, beside faiss (pip install faiss-cpu).

    python benchmarks/hamming.py                        # 10 million of 64 bits
    python benchmarks/hamming.py --count 100000000      # 100 million; about 8 GB of memory
    python benchmarks/hamming.py --skew 0.05            # 5 % of the hashes are equal
    python benchmarks/hamming.py --bits 256 --count 1000000 --radius 16 31

Random hashes; each query is one of them with 0 to r bits turned. Answers to some of the queries
are compared with a full scan. faiss works on one thread, as lookalike does; IndexBinaryMultiHash,
whose answers depend on how many bits it flips, is asked with two, and its recall is printed; it
is left out above 20 million hashes, where it takes too much memory.
"""

import argparse
import resource
import time
from collections.abc import Callable

import faiss
import numpy as np
from numpy.typing import NDArray

from lookalike.hamming import HammingIndex

Hashes = NDArray[np.uint8]

_MOST_FOR_MULTI_HASH = 20_000_000
_SCANNED = 20


def main() -> None:
    """Build, search, check, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000_000)
    parser.add_argument("--bits", type=int, default=64)
    parser.add_argument("--radius", type=int, nargs="+", default=[8, 10])
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--skew", type=float, default=0.0, help="share of equal hashes")
    parser.add_argument("--no-faiss", action="store_true")
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    rng = np.random.default_rng(1)
    hashes = rng.integers(0, 256, (options.count, options.bits // 8), dtype=np.uint8)
    if options.skew:
        hashes[rng.random(options.count) < options.skew] = hashes[0]
    before = _resident()
    start = time.perf_counter()
    index = HammingIndex.build(hashes)
    built = time.perf_counter() - start
    print(
        f"{options.count:,} hashes of {options.bits} bits, {options.skew:.0%} equal: built in "
        f"{built:.1f} s; {index.nbytes / options.count:.2f} bytes a hash, resident memory grew by "
        f"{(_resident() - before) / options.count:.2f}, at its peak "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB"
    )
    flat = multi = None
    if not options.no_faiss:
        flat = faiss.IndexBinaryFlat(options.bits)
        flat.add(hashes)
        if options.count <= _MOST_FOR_MULTI_HASH:
            start = time.perf_counter()
            multi = faiss.IndexBinaryMultiHash(options.bits, 3, min(options.bits // 3, 22))
            multi.add(hashes)
            multi.nflip = 2
            print(f"faiss IndexBinaryMultiHash built in {time.perf_counter() - start:.1f} s")
    for radius in options.radius:
        queries = planted(rng, hashes, radius, options.queries)
        _compare(index, hashes, queries, radius, flat, multi)


def planted(rng: np.random.Generator, hashes: Hashes, radius: int, count: int) -> Hashes:
    """Queries 0 to `radius` bits away from a hash that is there."""
    bits = np.unpackbits(hashes[rng.integers(0, len(hashes), count)], axis=1)
    for number, row in enumerate(bits):
        row[rng.permutation(len(row))[: number % (radius + 1)]] ^= 1
    return np.packbits(bits, axis=1)


def _compare(
    index: HammingIndex,
    hashes: Hashes,
    queries: Hashes,
    radius: int,
    flat: "faiss.IndexBinary | None",
    multi: "faiss.IndexBinary | None",
) -> None:
    index.within(queries[0], radius)
    answers, taken = timed(lambda query: index.within(query, radius).ids, queries)
    ours = _report(f"radius {radius}: lookalike", taken)
    _, taken = timed(lambda query: index.within(query, radius, limit=100).ids, queries)
    _report(f"radius {radius}: lookalike, at most 100", taken)
    start = time.perf_counter()
    index.within_many(queries, radius)
    each = (time.perf_counter() - start) / len(queries) * 1e3
    print(f"radius {radius}: lookalike, {len(queries)} at once: {each:.3f} ms each")
    words = hashes.view(np.uint64) if hashes.shape[1] % 8 == 0 else hashes
    for query, found in zip(queries[:_SCANNED], answers, strict=False):
        wanted = _scan(words, query.view(words.dtype), radius)
        assert np.array_equal(np.sort(found), wanted), (len(found), len(wanted))
    print(f"radius {radius}: answers of lookalike to {_SCANNED} queries equal a full scan's")
    for name, other in (("IndexBinaryFlat", flat), ("IndexBinaryMultiHash", multi)):
        if other is None:
            continue
        some = queries[: 20 if other is flat else len(queries)]

        def ask(query: Hashes, other: "faiss.IndexBinary" = other) -> NDArray[np.int64]:
            # faiss finds what is nearer than the radius.
            return other.range_search(query[None], radius + 1)[2]

        theirs, taken = timed(ask, some)
        met = sum(len(np.intersect1d(a, b)) for a, b in zip(answers, theirs, strict=False))
        recall = met / sum(map(len, answers[: len(some)]))
        median = _report(f"radius {radius}: faiss {name}, recall {recall:.4f}", taken)
        print(f"radius {radius}: lookalike is {median / ours:.1f} times as fast as {name}")


def timed(
    ask: Callable[[Hashes], NDArray[np.int64]], queries: Hashes
) -> tuple[list[NDArray[np.int64]], list[float]]:
    """Answers, and the seconds that each took."""
    answers, taken = [], []
    for query in queries:
        start = time.perf_counter()
        answers.append(ask(query))
        taken.append(time.perf_counter() - start)
    return answers, taken


def _scan(words: NDArray[np.uint64], query: NDArray[np.uint64], radius: int) -> NDArray[np.int64]:
    found = []
    for start in range(0, len(words), 1 << 20):
        bits = np.bitwise_count(words[start : start + (1 << 20)] ^ query).sum(axis=1)
        found.append(np.flatnonzero(bits <= radius) + start)
    return np.concatenate(found)


def _report(name: str, taken: list[float]) -> float:
    median, late = np.percentile(np.array(taken) * 1e3, [50, 95])
    print(f"{name}: p50 {median:.3f} ms, p95 {late:.3f} ms")
    return float(median)


def _resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    main()
