"""Duplicates of a large collection: time, memory, and what is found of what was planted.

    python benchmarks/duplicates.py                      # 100,000 records
    python benchmarks/duplicates.py --records 1000000
    python benchmarks/duplicates.py --join               # ways to compare the embeddings, only
    python benchmarks/duplicates.py --labelled FOLDER    # precision among photographs of a kind

Made-up records, no picture files: 512-number embeddings with the spread of `sscd-distilled` on the
example photographs and on crops of them (or even in all directions with `--even`), random 64-bit
hashes, digests. A tenth of them are in planted groups of 2 to 6 by the same bytes, by near hashes
(each up to the copy radius from another, so that groups are chains, too) or by near embeddings.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import lookalike
from lookalike.calibration import Calibration
from lookalike.duplicates import find, join
from lookalike.duplicates.plan import SURE
from lookalike.encoders import registry
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

ROOT = Path(__file__).resolve().parent.parent
ENCODER = "sscd-distilled"
_BLOCK = 16384


def spread() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Axes (k, 512) and middle (512,) of what the encoder makes of crops of the example photos."""
    encoder = registry.load(ENCODER)
    random = np.random.default_rng(0)
    crops = []
    for path in sorted((ROOT / "examples" / "photos").rglob("*.jpg")):
        with Image.open(path) as image:
            picture = image.convert("RGB")
        for _ in range(8):
            width, height = (int(side * random.uniform(0.3, 1)) for side in picture.size)
            left = int(random.integers(0, picture.width - width + 1))
            top = int(random.integers(0, picture.height - height + 1))
            crops.append(picture.crop((left, top, left + width, top + height)))
    rows = encoder.encode_images(crops)
    middle = rows.mean(axis=0)
    _, sizes, axes = np.linalg.svd(rows - middle, full_matrices=False)
    return (sizes[:, None] * axes / np.sqrt(len(rows))).astype(np.float32), middle


def unit(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Rows of unit length."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Planted:
    """Embeddings (n, 512) float16, hashes (n, 8), digests, and which rows belong together."""

    def __init__(self, count: int, even: bool, least: float) -> None:
        random = np.random.default_rng(1)
        axes, middle = (np.eye(512, dtype=np.float32), 0.0) if even else spread()
        self.vectors = np.empty((count, 512), np.float16)
        for start in range(0, count, _BLOCK):
            part = self.vectors[start : start + _BLOCK]
            drawn = random.standard_normal((len(part), len(axes)), np.float32)
            part[:] = unit(drawn @ axes + middle)
        self.hashes = random.integers(0, 256, (count, 8), np.uint8)
        self.bytes = np.arange(count)
        self.by_bytes: list[tuple[int, int]] = []
        self.by_hash: list[tuple[int, int]] = []
        self.by_vector: list[tuple[int, int]] = []
        self.cosines: list[float] = []
        rows = random.permutation(count)[: count // 10]
        radius = Calibration().copy_radius
        start = 0
        while start + 6 < len(rows):
            size = int(random.integers(2, 7))
            group = rows[start : start + size].tolist()
            start += size
            kind = int(random.integers(3))
            for place, row in enumerate(group[1:], 1):
                other = group[int(random.integers(place))] if kind == 1 else group[0]
                if kind == 0:
                    self.bytes[row] = self.bytes[other]
                    self.by_bytes.append((other, row))
                elif kind == 1:
                    bits = np.unpackbits(self.hashes[other])
                    bits[random.choice(64, int(random.integers(radius + 1)), replace=False)] ^= 1
                    self.hashes[row] = np.packbits(bits)
                    self.by_hash.append((other, row))
                else:
                    self.cosines.append(self._plant(random, axes, other, row, least))
                    self.by_vector.append((other, row))

    def _plant(self, random: Any, axes: Any, other: int, row: int, least: float) -> float:
        cosine = random.uniform(least, 1.0)
        base = self.vectors[other].astype(np.float32)
        away = random.standard_normal(len(axes), np.float32) @ axes
        away -= base * (away @ base)
        away /= np.linalg.norm(away)
        self.vectors[row] = cosine * base + np.sqrt(1 - cosine**2) * away
        return float(self.vectors[row].astype(np.float32) @ base)


def store_of(folder: Path, planted: Planted) -> None:
    """Write it all into a collection."""
    with LocalStore.open(folder) as store:
        store.add_encoder(EncoderSpec(ENCODER, "embedding", 512))
        store.add_encoder(EncoderSpec("phash", "hash", 64))
        for start in range(0, len(planted.bytes), _BLOCK):
            store.upsert(
                [
                    Entry(
                        uri=f"/pictures/{row}.jpg",
                        sha256=int(planted.bytes[row]).to_bytes(32, "big"),
                        size=1000 + row,
                        modified_ns=row,
                        width=640,
                        height=480,
                        format="jpeg",
                        vectors={ENCODER: planted.vectors[row].astype(np.float32), "phash": h},
                    )
                    for row, h in enumerate(planted.hashes[start : start + _BLOCK], start)
                ]
            )


def groups_by_scan(planted: Planted, radius: int) -> list[set[int]]:
    """Groups by digests and hashes, by comparing every hash with every other."""
    parent = np.arange(len(planted.bytes))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    pairs = list(planted.by_bytes)
    words = planted.hashes.copy().view(np.uint64)[:, 0]
    for row in range(len(words)):
        near = np.flatnonzero(np.bitwise_count(words[row + 1 :] ^ words[row]) <= radius)
        pairs += [(row, row + 1 + int(other)) for other in near]
    for a, b in pairs:
        parent[root(a)] = root(b)
    found: dict[int, set[int]] = {}
    for row in {row for pair in pairs for row in pair}:
        found.setdefault(root(row), set()).add(row)
    return list(found.values())


def find_in(folder: Path) -> tuple[list[set[int]], str, int]:
    """The rows of each group, a summary, and the most memory that was taken, in KiB."""
    with LocalStore.open(folder, read_only=True) as store:
        found = find(store)
    rows = [{id_ - 1 for id_ in group.ids} for group in found]
    used = resource.getrusage(resource.RUSAGE_SELF)
    busy = used.ru_utime + used.ru_stime
    return rows, f"{found!r}: {found.seconds:.1f} s, {busy:.1f} s of processors", used.ru_maxrss


def whole(count: int, even: bool) -> None:
    """Everything, as `lookalike duplicates` does it."""
    planted = Planted(count, even, SURE)
    radius = Calibration().copy_radius
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        store_of(Path(folder) / "c", planted)
        print(f"stored {count:,} records in {time.perf_counter() - started:.0f} s")
        exact = groups_by_scan(planted, radius) if count <= 200_000 else []
        # In a process of its own, so that its memory is not the benchmark's.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            rows, told, peak = pool.submit(find_in, Path(folder) / "c").result()
    group_of = {row: number for number, group in enumerate(rows) for row in group}
    print(f"{told}, peak memory {peak / 2**20:.2f} GiB")
    for name, pairs in (
        ("same bytes", planted.by_bytes),
        ("near hashes", planted.by_hash),
        ("near embeddings", planted.by_vector),
    ):
        together = [a in group_of and group_of.get(a) == group_of.get(b) for a, b in pairs]
        print(f"  {name}: {np.mean(together):.4f} of {len(pairs):,} planted pairs in one group")
    if exact:
        in_vectors = {row for pair in planted.by_vector for row in pair}
        wanted = {frozenset(one) for one in exact if not one & in_vectors}
        got = {frozenset(one) for one in rows if not one & in_vectors}
        print(f"  groups by digests and hashes as a full scan makes them: {wanted == got}")


def ways(count: int, even: bool) -> None:
    """Ways to find near embeddings."""
    least = 0.65
    planted = Planted(count, even, least)
    wanted = np.array([min(p) * count + max(p) for p in planted.by_vector])
    cosines = np.array(planted.cosines)
    modes = [("inverted file", 0)]
    if count <= 200_000:
        modes.append(("all pairs, 128 components", count))
    for name, all_pairs in modes:
        for threshold in (least, SURE):
            started = time.perf_counter()
            keys = [
                a * count + b
                for a, b, _ in join.close_pairs(planted.vectors, threshold, all_pairs=all_pairs)
            ]
            seconds = time.perf_counter() - started
            hit = np.isin(wanted, np.concatenate([np.empty(0, np.int64), *keys]))
            near = cosines >= threshold
            edge = near & (cosines < threshold + 0.05)
            print(
                f"{name}, cosine ≥ {threshold}: {seconds:.1f} s, recall {hit[near].mean():.4f}, "
                f"within 0.05 of the threshold {hit[edge].mean():.4f}"
            )
    if count <= 200_000:
        by_engine(planted, wanted, cosines, least)


def by_engine(planted: Planted, wanted: Any, cosines: Any, least: float) -> None:
    """Ask the engine's graph for the neighbours of every record."""
    count = len(planted.vectors)
    with tempfile.TemporaryDirectory() as folder, LocalStore.open(Path(folder) / "c") as store:
        store.add_encoder(EncoderSpec(ENCODER, "embedding", 512))
        for start in range(0, count, _BLOCK):
            rows = planted.vectors[start : start + _BLOCK].astype(np.float32)
            store.upsert(
                [
                    Entry(uri=f"/{start + place}", vectors={ENCODER: row})
                    for place, row in enumerate(rows)
                ]
            )
        started = time.perf_counter()
        store.optimize()
        built = time.perf_counter() - started
        started = time.perf_counter()
        keys = []
        for row, vector in enumerate(planted.vectors.astype(np.float32)):
            for one in store.nearest(ENCODER, vector, 8, max_distance=1 - least):
                other = one.id - 1
                if other != row:
                    keys.append(min(row, other) * count + max(row, other))
        seconds = time.perf_counter() - started
    near = cosines >= least
    recall = np.isin(wanted, keys)[near].mean()
    print(
        f"the engine's graph, cosine ≥ {least}: {seconds:.1f} s (and {built:.1f} s to build it), "
        f"recall {recall:.4f}"
    )


def labelled(folder: Path) -> None:
    """Groups among photographs none of which is a copy of another: all of them are wrong."""
    with (
        tempfile.TemporaryDirectory() as place,
        lookalike.open(Path(place) / "c", encoder="sscd-disc-mixup,phash") as collection,
    ):
        collection.add(folder)
        for name, options in (
            ("digests and pHash", {"threshold": 1.0}),
            ("the usual way", {}),
            ("cosine ≥ 0.75", {"threshold": 0.75}),
            ("the usual way, others proved", {"verify": True}),
        ):
            found = collection.duplicates(**options)
            print(
                f"{name}: {len(found)} groups, {found.open} of {found.records} pictures called "
                f"duplicates, {found.seconds:.1f} s"
            )


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--even", action="store_true", help="embeddings without structure")
    parser.add_argument("--join", action="store_true", help="ways to compare the embeddings")
    parser.add_argument("--labelled", type=Path, help="a folder of different photographs")
    given = parser.parse_args()
    if given.labelled is not None:
        labelled(given.labelled)
    elif given.join:
        ways(given.records, given.even)
    else:
        whole(given.records, given.even)


if __name__ == "__main__":
    main()
