"""How much memory indexing takes as the folder grows.

    python benchmarks/memory.py examples/photos [--counts 1000 10000 30000] [--encoders A,B]

Small pictures, random pieces of those given, are written, a thousand to a folder, and indexed by a
child process, whose memory is sampled every 20 ms until the last picture is committed, and again
until the index for searching is built (in a process of its own, which is not counted). `own` is
memory that only giving it back would free (RssAnon); `resident` also counts pages of files, which
the system may drop at any time.

What grows a little at first is the store's caches; the second table, of vectors that come without
pictures, shows where they level off.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from PIL import Image, ImageOps


def main() -> None:
    """Print one line for each count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--counts", type=int, nargs="*", default=[1_000, 10_000, 30_000])
    parser.add_argument("--encoders", default="mobilenet-v3-large,phash")
    parser.add_argument("--store", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.store:
        fill_store()
        return
    if options.child:
        print(json.dumps(index(options.child, options.encoders)))
        return
    print(f"{options.encoders}; peaks in MB\n")
    print("| pictures | at start: own | indexing: own | resident | building: own | resident | s |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        written = 0
        for count in sorted(options.counts):
            write(options.photos, Path(folder) / "pictures", written, count)
            written = count
            command = [sys.executable, __file__, folder, "--child", folder]
            command += ["--encoders", options.encoders]
            told = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
            start, indexing, building, seconds = json.loads(told)
            print(
                f"| {count:,} | {start[0]} | {indexing[0]} | {indexing[1]} "
                f"| {building[0]} | {building[1]} | {seconds:.0f} |",
                flush=True,
            )

    print("\nthe store alone, random embeddings of 512 dimensions; MB after so many\n")
    print("| records | own | resident |\n|---|---|---|")
    subprocess.run([sys.executable, __file__, folder, "--store"], check=True)


def fill_store(count: int = 100_000, step: int = 200) -> None:
    """Store random embeddings and print how memory grows."""
    import numpy as np

    from lookalike.records import EncoderSpec
    from lookalike.stores.base import Entry
    from lookalike.stores.local import LocalStore

    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder, LocalStore.open(Path(folder) / "c") as store:
        store.add_encoder(EncoderSpec("random", "embedding", 512))
        for start in range(0, count, step):
            rows = rng.standard_normal((step, 512), np.float32)
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            store.upsert(
                [
                    Entry(
                        f"/photos/{start + place:08}.jpg",
                        sha256=rng.bytes(32),
                        vectors={"random": row},
                    )
                    for place, row in enumerate(rows)
                ]
            )
            if start + step in {1_000, 10_000, 30_000, 60_000, count}:
                own, resident = memory()
                print(f"| {start + step:,} | {own} | {resident} |", flush=True)


def write(photos: Path, folder: Path, start: int, stop: int) -> None:
    """Write pictures number `start` to `stop`, 96 × 72 pixels each."""
    whole = [Image.open(path).convert("RGB") for path in sorted(photos.rglob("*.jpg"))]
    for number in range(start, stop):
        rng = random.Random(number)
        photo = rng.choice(whole)
        width, height = (round(side * rng.uniform(0.2, 1.0)) for side in photo.size)
        left, top = rng.randint(0, photo.width - width), rng.randint(0, photo.height - height)
        piece = photo.resize((96, 72), box=(left, top, left + width, top + height))
        path = folder / f"{number // 1000:03}" / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        ImageOps.posterize(piece, rng.randint(4, 8)).save(path, quality=85)


def index(
    folder: Path, names: str
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], float]:
    """Index in this process; peaks of (own, resident) MB at start, indexing and building."""
    from lookalike.encoders import registry
    from lookalike.ingest import ingest
    from lookalike.stores.local import LocalStore

    encoders = [registry.load(name) for name in names.split(",")]
    with tempfile.TemporaryDirectory() as other, LocalStore.open(Path(other) / "c") as store:
        for encoder in encoders:
            store.add_encoder(encoder.spec)
        start = memory()
        with Watch() as indexing:
            build, store.optimize = store.optimize, lambda *_, **__: None
            report = ingest(store, encoders, [folder / "pictures"])
        with Watch() as building:
            build()
        assert not report.failed
        return start, indexing.peak, building.peak, report.seconds


class Watch:
    """Samples this process's memory while the block runs."""

    def __init__(self) -> None:
        self.peak = (0, 0)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            now = memory()
            self.peak = (max(self.peak[0], now[0]), max(self.peak[1], now[1]))
            if self._over.wait(0.02):
                return


def memory() -> tuple[int, int]:
    """(own, resident) memory of this process in MB."""
    status = Path("/proc/self/status").read_text()
    own, resident = (
        int(re.search(rf"^{key}:\s+(\d+) kB", status, re.M)[1]) // 1024
        for key in ("RssAnon", "VmRSS")
    )
    return own, resident


if __name__ == "__main__":
    main()
