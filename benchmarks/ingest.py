"""How near indexing comes to the speed of the encoder alone, and what its alternatives do.

    python benchmarks/ingest.py ../shared/data/labelled [--rounds 3] [--encoders A,B …]

All variants take turns in one process, on the same pictures; medians of the times and of the
ratios within each turn. Processor time is that of this process (that of child processes is left
out): where all processors are busy, it says what a variant costs whatever else the machine does.
 `encoder alone` has the pictures decoded and preprocessed
before the clock starts. `indexing` is all of it: finding, reading, digests, decoding,
preprocessing, encoding and an on-disk collection (without `optimize`, which is timed apart).
The others do without the collection: `in turn` does one thing after the other, `processes`
decodes and preprocesses in child processes and ships the arrays.
"""

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from lookalike.encoders import registry
from lookalike.encoders.base import Encoder
from lookalike.imaging import decode
from lookalike.ingest import ingest
from lookalike.stores.local import LocalStore

BATCH = 16
SETS = ["clip-vit-b-16,phash", "mobilenet-v3-large", "dinov2-vits14"]


def main() -> None:
    """Print one table for each set of encoders."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=int, default=280)
    parser.add_argument("--encoders", nargs="*", default=SETS)
    parser.add_argument("--workers", nargs="*", type=int, default=[1, 2])
    options = parser.parse_args()
    files = sorted(options.pictures.rglob("*.jpg"))
    files = files[:: max(1, len(files) // options.limit)]
    for names in options.encoders:
        print(f"\n## {names}, {len(files)} pictures, {os.cpu_count()} processors\n")
        compare(names, files, options.workers, options.rounds)


def compare(names: str, files: Sequence[Path], workers: Sequence[int], rounds: int) -> None:
    """Run the variants in turns and print their medians."""
    encoders = [registry.load(name) for name in names.split(",")]
    prepared = [prepare(file, encoders) for file in files]
    variants: dict[str, Callable[[], None]] = {
        "encoder alone": lambda: encode(encoders, prepared),
        **{f"indexing, {n} threads": lambda n=n: index(encoders, files, n) for n in workers},
        "in turn": lambda: in_turn(encoders, files),
    }
    with ProcessPoolExecutor(
        2, multiprocessing.get_context("spawn"), initializer=warm, initargs=(names,)
    ) as pool:
        variants["2 processes"] = lambda: processes(encoders, files, pool)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
        for turn in range(rounds + 1):
            for name, run in variants.items():
                measured = timed(run)
                if turn:  # the first turn warms everything up
                    times[name].append(measured)
    print("| variant | ms a picture | encoder alone / this | processor ms a picture |")
    print("|---|---|---|---|")
    for name, taken in times.items():
        wall, processor = (
            statistics.median(column) / len(files) * 1000 for column in zip(*taken, strict=True)
        )
        ratio = statistics.median(
            alone / this
            for (alone, _), (this, _) in zip(times["encoder alone"], taken, strict=True)
        )
        print(f"| {name} | {wall:.2f} | {ratio:.2f} | {processor:.2f} |", flush=True)


def timed(run: Callable[[], None]) -> tuple[float, float]:
    """Seconds and processor seconds that a call takes."""
    start, used = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - start, time.process_time() - used


def prepare(file: Path, encoders: Sequence[Encoder]) -> list[Any]:
    """One picture's input for each encoder."""
    picture = decode(file.read_bytes(), min_side=max(encoder.min_side for encoder in encoders))
    return [encoder.prepare(picture.image) for encoder in encoders]


def encode(encoders: Sequence[Encoder], prepared: Sequence[list[Any]]) -> None:
    """Encode in batches as indexing does."""
    for start in range(0, len(prepared), BATCH):
        for place, encoder in enumerate(encoders):
            encoder.encode_prepared([one[place] for one in prepared[start : start + BATCH]])


def index(encoders: Sequence[Encoder], files: Sequence[Path], workers: int) -> None:
    """The whole of indexing but `optimize`."""
    with tempfile.TemporaryDirectory() as folder:
        with LocalStore.open(Path(folder) / "collection") as store:
            for encoder in encoders:
                store.add_encoder(encoder.spec)
            store.optimize = lambda *_, **__: None  # type: ignore[method-assign]
            report = ingest(store, encoders, files, workers=workers)
        assert report.added == len(files), report


def in_turn(encoders: Sequence[Encoder], files: Sequence[Path]) -> None:
    """Decode a batch, then encode it."""
    for start in range(0, len(files), BATCH):
        encode(encoders, [prepare(file, encoders) for file in files[start : start + BATCH]])


_encoders: list[Encoder] = []


def warm(names: str) -> None:
    """Load the encoders in a child process."""
    _encoders.extend(registry.load(name) for name in names.split(","))


def prepare_here(file: Path) -> list[Any]:
    """`prepare` in a child process."""
    return prepare(file, _encoders)


def processes(
    encoders: Sequence[Encoder], files: Sequence[Path], pool: ProcessPoolExecutor
) -> None:
    """Prepare in child processes, encode here."""
    batch = []
    for prepared in pool.map(prepare_here, files, chunksize=8):
        batch.append(prepared)
        if len(batch) == BATCH:
            encode(encoders, batch)
            batch = []
    encode(encoders, batch)


if __name__ == "__main__":
    main()
