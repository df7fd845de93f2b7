"""Duplicates found by lookalike and by imagededup, on the same pictures, one after the other.

    python -m venv peer
    peer/bin/pip install --no-deps imagededup==0.3.3.post2
    peer/bin/pip install pillow tqdm scikit-learn scipy PyWavelets matplotlib
    python benchmarks/imagededup.py --peer peer/bin/python --originals FOLDER --others FOLDER

Its hashes are compared with the distance that it uses itself (10 bits) and with lookalike's copy
radius (8); its CNN needs PyTorch and is left out. The pictures are the originals, an edited copy of
some of them by each edit, and other photographs. Printed are seconds for everything (reading,
hashing, grouping), the part of the edited copies that came into a group with their original, and
the part of all pairs of one group that are right.
"""

import argparse
import json
import multiprocessing
import shutil
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

from PIL import Image

import lookalike
from lookalike.evaluation.edits import BASIC, HARD, edited

MIXED = (3, 7, 11, 13)
"""How far away the photographs are that an edit may mix in."""

PEER = """
import json, sys, time, types
for name in ("imagededup.methods.cnn", "imagededup.utils.models"):  # what needs PyTorch
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].CNN = sys.modules[name].CustomModel = None
from imagededup.methods import DHash, PHash

def main():
    folder, method, distance = sys.argv[1:]
    started = time.perf_counter()
    hasher = {"phash": PHash, "dhash": DHash}[method](verbose=False)
    found = hasher.find_duplicates(image_dir=folder, max_distance_threshold=int(distance))
    print(json.dumps([time.perf_counter() - started, found]))

if __name__ == "__main__":
    main()
"""


def pictures(folder: Path, originals: Path, others: Path | None, count: int) -> dict[str, str]:
    """Fill a folder; returns the original's name by the name of each edited copy."""
    paths = sorted(path for path in originals.rglob("*") if path.suffix.lower() in {".jpg", ".png"})
    copies = {}
    work = []
    for number, path in enumerate(paths):
        name = f"o{number:04}{path.suffix.lower()}"
        shutil.copy(path, folder / name)
        if number < count:
            mixed = [paths[(number + step) % len(paths)] for step in MIXED]
            for edit in (*BASIC, *HARD):
                copies[f"o{number:04}.{edit}.jpg"] = name
                work.append((path, edit, number, mixed, folder / f"o{number:04}.{edit}.jpg"))
    with multiprocessing.Pool() as pool:
        pool.map(_edit, work, chunksize=8)
    if others is not None:
        for number, path in enumerate(sorted(others.rglob("*.jpg"))):
            shutil.copy(path, folder / f"x{number:05}.jpg")
    return copies


def _edit(one: tuple[Path, str, int, list[Path], Path]) -> None:
    path, edit, seed, mixed, target = one
    with Image.open(path) as image:
        picture = image.convert("RGB")
    others = []
    for other in mixed:
        with Image.open(other) as image:
            others.append(image.convert("RGB"))
    target.write_bytes(edited(picture, edit, seed, others))


def peer(python: Path, folder: Path, method: str, distance: int) -> tuple[float, list[set[str]]]:
    """Seconds and groups of imagededup; its lists of duplicates joined where they meet."""
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        script.write(PEER)
        script.flush()
        command = [str(python), script.name, str(folder), method, str(distance)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, found = json.loads(done.stdout.splitlines()[-1])
    group: dict[str, str] = {name: name for name in found}

    def root(name: str) -> str:
        while group[name] != name:
            name = group[name]
        return name

    for name, near in found.items():
        for other in near:
            group[root(other)] = root(name)
    together = defaultdict(set)
    for name in found:
        together[root(name)].add(name)
    return seconds, [some for some in together.values() if len(some) > 1]


def ours(folder: Path, encoders: str) -> tuple[float, float, list[set[str]]]:
    """Seconds from an empty collection on, those when asked again, and groups of lookalike."""
    with tempfile.TemporaryDirectory() as place:
        started = time.perf_counter()
        with lookalike.open(Path(place) / "c", encoder=encoders) as collection:
            collection.add(folder)
            found = collection.duplicates()
            seconds = time.perf_counter() - started
            collection.add(folder)
            collection.duplicates()
            again = time.perf_counter() - started - seconds
            names = {record.id: Path(record.uri).name for record in collection.list()}
    return seconds, again, [{names[id_] for id_ in group.ids} for group in found]


def shown(name: str) -> set[str]:
    """The originals that a picture may show: a hard edit's others, too."""
    stem, _, edit = name.partition(".")
    if edit.partition(".")[0] not in HARD:
        return {stem}
    return {stem, *(f"o{int(stem[1:]) + step:04}" for step in MIXED)}


def told(
    name: str, seconds: float, groups: Iterable[set[str]], copies: dict[str, str], base: float
) -> None:
    """Print one line."""
    groups = list(groups)
    number = {member: place for place, group in enumerate(groups) for member in group}
    basic = {copy: o for copy, o in copies.items() if copy.split(".")[1] in BASIC}

    def recall(some: dict[str, str]) -> float:
        return sum(c in number and number[c] == number.get(o) for c, o in some.items()) / len(some)

    pairs = [pair for group in groups for pair in combinations(sorted(group), 2)]
    right = sum(bool(shown(a) & shown(b)) for a, b in pairs) / max(1, len(pairs))
    print(
        f"{name:<32} {seconds:6.1f} s, {base / seconds:4.1f} × the first's speed; found of basic "
        f"edits {recall(basic):.3f}, of all {recall(copies):.3f}; right {right:.4f} of "
        f"{len(pairs):,} pairs",
        flush=True,
    )


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--peer", type=Path, required=True, help="Python that has imagededup")
    parser.add_argument("--originals", type=Path, required=True)
    parser.add_argument("--others", type=Path)
    parser.add_argument("--count", type=int, default=40, help="originals that are edited")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        copies = pictures(folder, given.originals, given.others, given.count)
        print(f"{len(list(folder.iterdir())):,} pictures, {len(copies):,} of them edited copies")
        base = 0.0
        for method, distance in (("phash", 10), ("phash", 8), ("dhash", 10)):
            seconds, groups = peer(given.peer, folder, method, distance)
            base = base or seconds
            told(f"imagededup {method}, {distance} bits", seconds, groups, copies, base)
        with tempfile.TemporaryDirectory() as small:
            shutil.copy(next(folder.iterdir()), small)
            ours(Path(small), "phash")  # imports, which are not counted for the peer either
        for encoders in ("phash", "phash,sscd-distilled", "phash,sscd-disc-mixup"):
            seconds, again, groups = ours(folder, encoders)
            told(f"lookalike {encoders}", seconds, groups, copies, base)
            print(f"{'  asked again':<32} {again:6.2f} s, {base / again:4.1f} × the first's speed")


if __name__ == "__main__":
    main()
