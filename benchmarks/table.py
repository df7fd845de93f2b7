"""A product table over a tree of pictures, and embeddings into files and back.

    python benchmarks/table.py --rows 100000
    python benchmarks/table.py --rows 100000 --folder /somewhere/with/3GB

The pictures are links to the example photographs. Each line is a process of its own; its peak
memory is what it allocated, without the pages of files that the system keeps mapped for it and
takes back when it needs them (Linux only). The bare loop is what reading the table and asking the
file system about each picture takes at least. Embeddings are random, 512 components, float16 in
the collection.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import lookalike
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

PHOTOS = Path(__file__).resolve().parent.parent / "examples" / "photos"
PATTERN = "images/{article_id:.3}/{article_id}.jpg"
DIM = 512
FORMATS = ("parquet", "npy", "h5")


def make_shop(folder: Path, rows: int) -> None:
    """`products.csv` with 25 columns, as a real one has, and a picture for each row."""
    photos = sorted(PHOTOS.rglob("*.jpg"))
    with (folder / "products.csv").open("w", newline="") as file:
        write = csv.writer(file).writerow
        write(["article_id", "prod_name", "price", *(f"field{n}" for n in range(22))])
        for n in range(rows):
            number = f"{100_000_000 + 1_237 * n:010}"
            target = folder / "images" / number[:3] / f"{number}.jpg"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(photos[n % len(photos)])
            write(
                [number, f"Strap top {n}", n % 100 + 0.5, *(f"value {n % 50}" for _ in range(22))]
            )


def bare(folder: Path) -> int:
    """The least there is to do: read the rows, look at the files."""
    count = 0
    with (folder / "products.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            number = row["article_id"]
            os.stat(folder / "images" / number[:3] / f"{number}.jpg")
            count += 1
    return count


def index(folder: Path) -> int:
    """Index the table."""
    with lookalike.open(folder / "shop.lookalike", encoder="phash") as shop:
        report = shop.add_table(
            folder / "products.csv", id="article_id", path_pattern=PATTERN, types="price=float"
        )
        assert not report.failed
        return report.added + report.updated + report.unchanged


def walk(folder: Path) -> int:
    """Index the same pictures again as a folder, without the table."""
    with lookalike.open(folder / "shop.lookalike", encoder="phash") as shop:
        return shop.add(folder / "images").unchanged


def dearer(folder: Path) -> int:
    """Give every hundredth product a new price and index the table."""
    path = folder / "products.csv"
    lines = path.read_text().splitlines(keepends=True)
    changed = [
        line.replace(".5,", ".75,", 1) if n % 100 == 1 else line for n, line in enumerate(lines)
    ]
    path.write_text("".join(changed))
    return index(folder)


def fill(folder: Path, rows: int) -> None:
    """A collection of random embeddings, not indexed."""
    spec = EncoderSpec("made-up", "embedding", DIM, "1")
    rng = np.random.default_rng(7)
    with LocalStore.open(folder / "vectors.lookalike") as store:
        store.add_encoder(spec)
        for start in range(0, rows, 4096):
            block = rng.standard_normal((min(4096, rows - start), DIM), dtype=np.float32)
            block /= np.linalg.norm(block, axis=1, keepdims=True)
            store.upsert(
                [
                    Entry(
                        f"/pictures/{start + i:08}.jpg",
                        sha256=row[:8].tobytes(),
                        md5=row[:4].tobytes(),
                        size=50_000 + i,
                        width=640,
                        height=480,
                        format="jpeg",
                        attributes={"article_id": f"{start + i:010}", "price": i / 4},
                        vectors={spec.name: row},
                    )
                    for i, row in enumerate(block)
                ]
            )


def export(folder: Path, ending: str) -> int:
    """Write the vectors to a file."""
    with lookalike.open(folder / "vectors.lookalike", read_only=True) as collection:
        return collection.export_embeddings(folder / f"vectors.{ending}")


def restore(folder: Path, ending: str) -> tuple[int, float]:
    """Read them into a new collection; what comes after, building its index, is not counted."""
    stored = 0.0

    def tell(stage: str, done: int, total: int) -> None:
        nonlocal stored
        stored = time.perf_counter() if stage == "import" else stored

    with lookalike.open(folder / f"{ending}.lookalike") as collection:
        started = time.perf_counter()
        source = folder / f"vectors.{ending}"
        added = collection.import_embeddings(source, progress=tell).added
    return added, stored - started


STEPS: dict[str, Callable[..., int | tuple[int, float]]] = {
    "bare": bare,
    "index": index,
    "walk": walk,
    "dearer": dearer,
    "export": export,
    "restore": restore,
}


def measure(step: str, *arguments: str) -> tuple[int, float, int]:
    """Run one step in a process of its own: rows, seconds, peak memory in bytes."""
    done = subprocess.run(
        [sys.executable, __file__, "--step", step, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    rows, seconds, peak = json.loads(done.stdout)
    return rows, seconds, peak


def run_step(step: str, folder: str, *more: str) -> None:
    """What `measure` starts; a step may say itself how much of its time counts."""
    peaks = [0]
    threading.Thread(target=watch, args=(peaks,), daemon=True).start()
    started = time.perf_counter()
    done = STEPS[step](Path(folder), *more)
    rows, seconds = done if isinstance(done, tuple) else (done, time.perf_counter() - started)
    sys.stdout.write(json.dumps([rows, seconds, max(peaks)]))


def watch(peaks: list[int]) -> None:
    """Note the process's own memory, in bytes, fifty times a second."""
    while True:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                peaks[0] = max(peaks[0], 1024 * int(line.split()[1]))
        time.sleep(0.02)


def compare(folder: Path, rows: int) -> None:
    """Print everything."""
    make_shop(folder, rows)
    print(f"a table of {rows:,} rows and 25 columns, phash\n")
    print("| run | s | rows/s | peak MB |\n|---|---|---|---|")
    floor = 0.0
    for name, step in (
        ("bare loop: csv and stat", "bare"),
        ("first", "index"),
        ("again, all unchanged", "index"),
        ("again, 1 in 100 has a new price", "dearer"),
        ("the same pictures as a folder, unchanged", "walk"),
    ):
        count, seconds, peak = measure(step, str(folder))
        assert count == rows, (name, count)
        floor = floor or seconds
        times = "" if step == "bare" else f" ({seconds / floor:.1f} × the bare loop)"
        print(f"| {name}{times} | {seconds:.1f} | {count / seconds:,.0f} | {peak / 1e6:.0f} |")
    shutil.rmtree(folder / "images")
    shutil.rmtree(folder / "shop.lookalike")

    fill(folder, rows)
    raw = rows * DIM * 4
    print(f"\n{rows:,} × {DIM}, {raw / 1e6:.0f} MB as float32\n")
    print("| file | file MB | out s | MB/s | peak MB | in s, no index | MB/s | peak MB |")
    print("|---|---|---|---|---|---|---|---|")
    for ending in FORMATS:
        _, out, out_peak = measure("export", str(folder), ending)
        size = sum(
            path.stat().st_size for path in folder.glob(f"vectors.{ending}*") if path.is_file()
        )
        if ending == "npy":
            size += (folder / "vectors.jsonl").stat().st_size
        count, back, back_peak = measure("restore", str(folder), ending)
        assert count == rows
        ways = [
            f"{seconds:.1f} | {raw / seconds / 1e6:.0f} | {peak / 1e6:.0f}"
            for seconds, peak in ((out, out_peak), (back, back_peak))
        ]
        print(f"| .{ending} | {size / 1e6:.0f} | {' | '.join(ways)} |")
        shutil.rmtree(folder / f"{ending}.lookalike")
        (folder / f"vectors.{ending}").unlink()


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        run_step(*options.step)
        return
    folder = Path(tempfile.mkdtemp(prefix="lookalike-table-", dir=options.folder))
    try:
        compare(folder, options.rows)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
