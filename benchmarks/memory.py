"""How much memory indexing takes as the folder grows.

    python benchmarks/memory.py [--counts 1000 10000 30000] [--encoders mobilenet-v3-large,phash]

Small distinct pictures are written, a thousand to a folder, and indexed by a child process, whose
memory is sampled every 20 ms until the last picture is committed, and again until the index for
searching is built. `own` is memory that only giving it back would free (RssAnon); `resident` also
counts pages of files, which the system may drop at any time.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
from PIL import Image


def main() -> None:
    """Print one line for each count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="*", default=[1_000, 10_000, 30_000])
    parser.add_argument("--encoders", default="mobilenet-v3-large,phash")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(index(options.child, options.encoders)))
        return
    print(f"{options.encoders}; peaks in MB\n")
    print("| pictures | at start: own | indexing: own | resident | building: own | resident | s |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        written = 0
        for count in sorted(options.counts):
            write(Path(folder) / "pictures", written, count)
            written = count
            command = [sys.executable, __file__, "--child", folder, "--encoders", options.encoders]
            told = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
            start, indexing, building, seconds = json.loads(told)
            print(
                f"| {count:,} | {start[0]} | {indexing[0]} | {indexing[1]} "
                f"| {building[0]} | {building[1]} | {seconds:.0f} |",
                flush=True,
            )


def write(folder: Path, start: int, stop: int) -> None:
    """Write pictures number `start` to `stop`, 96 × 72 pixels each."""
    for number in range(start, stop):
        path = folder / f"{number // 1000:03}" / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = np.random.default_rng(number).integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(coarse).resize((96, 72)).save(path, quality=85)


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
            build, store.optimize = store.optimize, lambda progress=None: None
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
        while not self._over.wait(0.02):
            now = memory()
            self.peak = (max(self.peak[0], now[0]), max(self.peak[1], now[1]))


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
