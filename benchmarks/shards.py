"""What it costs and gains to index with several workers, and what each pays for the whole source.

    python benchmarks/shards.py speed PICTURES [--collection milvus://HOST:PORT] [--rounds 3]
    python benchmarks/shards.py list [--files 1000000] [--parts 16]

`speed` starts 1, 2 and 4 worker processes (`lookalike index --shard`) beside each other on this
machine, in turns, and times them from the first start to the last end. One worker is timed with
and without `--shard 0/1`-like parts: `1 of 1`, and 4 parts one after the other, which is what
sharding itself costs. Without `--collection` each part goes into a folder of its own.

`list` times what every worker does with the files of others: a walk of all folders and a hash of
every name, beside the walk alone, for files in folders of 1,000; and the same for a table's rows.
"""

import argparse
import csv
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lookalike.imaging import DEFAULT_LIMITS
from lookalike.sources.folder import FolderSource
from lookalike.sources.shard import Shard
from lookalike.sources.table import Join, TableSource

PER_FOLDER = 1000


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_subparsers(dest="what", required=True)
    speed_options = what.add_parser("speed")
    speed_options.add_argument("pictures", type=Path)
    speed_options.add_argument("--collection", default="")
    speed_options.add_argument("--encoder", default="phash,sscd-distilled")
    speed_options.add_argument("--rounds", type=int, default=3)
    speed_options.add_argument("--workers", nargs="*", type=int, default=[1, 2, 4])
    list_options = what.add_parser("list")
    list_options.add_argument("--files", type=int, default=200_000)
    list_options.add_argument("--parts", type=int, default=16)
    options = parser.parse_args()
    if options.what == "speed":
        speed(options)
    else:
        listing(options.files, options.parts)


def speed(options: argparse.Namespace) -> None:
    """Time workers beside each other, and the same parts one after the other."""
    variants: dict[str, Callable[[Path], float]] = {
        **{f"{n} at a time": lambda to, n=n: workers(options, to, n) for n in options.workers},
        "4 parts in turn": lambda to: workers(options, to, 4, in_turn=True),
    }
    times: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(options.rounds):
        for name, run in variants.items():
            with tempfile.TemporaryDirectory() as folder:
                times[name].append(run(Path(folder, f"t{turn}")))
    pictures = sum(1 for _ in FolderSource([options.pictures], limits=DEFAULT_LIMITS).walk())
    first = times[next(iter(times))]
    print(f"{pictures} pictures, {options.encoder}, {os.cpu_count()} processors")
    print("| workers | s | pictures/s | times as fast |")
    print("|---|---|---|---|")
    for name, taken in times.items():
        seconds = statistics.median(taken)
        ratio = statistics.median(one / this for one, this in zip(first, taken, strict=True))
        print(f"| {name} | {seconds:.1f} | {pictures / seconds:.1f} | {ratio:.2f} |")


def workers(options: argparse.Namespace, to: Path, count: int, *, in_turn: bool = False) -> float:
    """Seconds that so many workers take; a collection on a server is made before."""
    name = f"shards_{os.getpid()}_{time.monotonic_ns()}"
    address = f"{options.collection.rstrip('/')}/{name}" if options.collection else ""
    if address:
        import lookalike

        with lookalike.open(address, encoder=options.encoder) as made:
            made.add(next(p for p in options.pictures.rglob("*") if p.is_file()))
    started = time.perf_counter()
    running = []
    for part in range(count):
        where = address or f"{to}-{part}"
        running.append(
            subprocess.Popen(
                [
                    *(sys.executable, "-c", "from lookalike.cli import main; main()", "index"),
                    *(str(options.pictures), "-q"),
                    *("--encoder", options.encoder, "-c", where),
                    *("--shard", f"{part}/{count}", "--report", f"{to}-job"),
                ],
                stdout=subprocess.DEVNULL,
            )
        )
        if in_turn:
            running[-1].wait()
    if any(one.wait() not in {0, 1} for one in running):
        sys.exit("a worker failed")
    seconds = time.perf_counter() - started
    if address:
        drop(options.collection, name)
    return seconds


def drop(server: str, name: str) -> None:
    """Take away a collection that was made for one turn."""
    from pymilvus import MilvusClient

    client = MilvusClient(server.replace("milvus://", "http://", 1))
    for table in client.list_collections():
        if table == name or table.startswith(f"{name}__"):
            client.drop_collection(table)
    client.close()


def listing(files: int, parts: int) -> None:
    """Time a worker's way through a source of which it takes little."""
    folder = Path(tempfile.mkdtemp())
    try:
        for start in range(0, files, PER_FOLDER):
            below = folder / f"{start // PER_FOLDER:06}"
            below.mkdir()
            for n in range(start, min(files, start + PER_FOLDER)):
                (below / f"{n:09}.jpg").touch()
        shard = Shard(parts // 2, parts)
        whole = FolderSource([folder], limits=DEFAULT_LIMITS)
        part = FolderSource([folder], limits=DEFAULT_LIMITS, shard=shard)
        walk = timed(lambda: sum(1 for _ in whole.walk()))
        own = timed(lambda: sum(1 for _ in part))
        every = timed(lambda: sum(1 for _ in whole))
        table = folder / "table.csv"
        with table.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["key", "file", "name", "price"])
            for n in range(files):
                name = f"{n // PER_FOLDER:06}/{n:09}.jpg"
                writer.writerow([f"{n:09}", name, f"article {n}", "19.5"])
        join = Join("key", path_column="file")
        rows = timed(
            lambda: sum(1 for _ in TableSource(table, join, limits=DEFAULT_LIMITS, shard=shard))
        )
    finally:
        shutil.rmtree(folder)
    print(f"{files:,} files in folders of {PER_FOLDER:,}, warm; part {shard}")
    print("| what | µs a file |")
    print("|---|---|")
    for name, seconds in (
        ("walk", walk),
        ("walk, hash every name, look at the own part", own),
        ("walk, look at every file, as one worker does", every),
        ("table: read twice, check, look at the own part", rows),
    ):
        print(f"| {name} | {seconds / files * 1e6:.2f} |")


def timed(run: Callable[[], int]) -> float:
    """The least of three."""
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return min(taken)


if __name__ == "__main__":
    main()
