"""At least 6 of 8 segments equal: our index beside the local engine's "minimum should match".

    python benchmarks/segments.py [--count 100000]

qdrant-edge needs a vector for every point, so each has one of a single component, and a payload
of 8 numbers with an index each.
"""

import argparse
import tempfile
import time

import numpy as np
import qdrant_edge as qdrant

from lookalike.hamming.segments import SegmentIndex

SEGMENTS, MINIMUM = 8, 6


def main() -> None:
    """Build both, ask both the same, compare answers and time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    hashes = rng.integers(0, 256, (options.count, SEGMENTS), dtype=np.uint8)
    queries = hashes[rng.integers(0, options.count, options.queries)]
    queries[:, :2] = rng.integers(0, 256, (options.queries, 2), dtype=np.uint8)
    start = time.perf_counter()
    index = SegmentIndex.build(hashes, segments=SEGMENTS, minimum=MINIMUM)
    print(f"{options.count:,} hashes: lookalike built in {time.perf_counter() - start:.1f} s")
    ours, our_ms = [], []
    for query in queries:
        start = time.perf_counter()
        ours.append(set(index.matching(query).ids.tolist()))
        our_ms.append((time.perf_counter() - start) * 1e3)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        shard = shard_of(folder, hashes)
        print(f"qdrant-edge built in {time.perf_counter() - start:.1f} s")
        theirs, their_ms = [], []
        for query in queries:
            conditions = [
                qdrant.FieldCondition(f"s{place}", match=qdrant.MatchValue(int(value)))
                for place, value in enumerate(query)
            ]
            where = qdrant.Filter(min_should=qdrant.MinShould(conditions, MINIMUM))
            start = time.perf_counter()
            points, _ = shard.scroll(qdrant.ScrollRequest(limit=1000, filter=where))
            their_ms.append((time.perf_counter() - start) * 1e3)
            theirs.append({point.id for point in points})
        shard.close()
    same = sum(a == b for a, b in zip(ours, theirs, strict=True))
    print(
        f"{same} of {len(ours)} answers the same; p50 {np.median(our_ms):.3f} ms and "
        f"{np.median(their_ms):.3f} ms: {np.median(their_ms) / np.median(our_ms):.1f} times as fast"
    )


def shard_of(folder: str, hashes: "np.ndarray[tuple[int, int], np.dtype[np.uint8]]") -> object:
    """A shard of the engine with an index for each segment."""
    shard = qdrant.EdgeShard.create(
        folder,
        qdrant.EdgeConfig(
            vectors=qdrant.EdgeVectorParams(size=1, distance=qdrant.Distance.Dot),
            wal_enabled=False,
        ),
    )
    for place in range(SEGMENTS):
        shard.update(
            qdrant.UpdateOperation.create_field_index(
                f"s{place}", qdrant.IntegerIndexParams(lookup=True, range=False)
            )
        )
    for start in range(0, len(hashes), 2000):
        points = [
            qdrant.Point(start + row, [1.0], {f"s{n}": int(v) for n, v in enumerate(values)})
            for row, values in enumerate(hashes[start : start + 2000])
        ]
        shard.update(qdrant.UpdateOperation.upsert_points(points))
    shard.optimize()
    return shard


if __name__ == "__main__":
    main()
