"""How fast a folder becomes a collection, against a plain script of the usual kind.

    python benchmarks/throughput.py ../shared/data/labelled ../shared/data/originals
        [--encoders NAME …] [--sets small middle large] [--rounds 3] [--seconds 2]

The plain script opens each file with Pillow, converts to RGB, resizes, normalises with numpy, runs
ONNX Runtime with its default options, and saves an array; for hashes it calls ImageHash or pdqhash.
It is run one picture at a time and in batches of 32, and the faster of the two is the peer.
Against it stands `Collection.add` of the same folder into a new collection with that one encoder,
digests, catalogue and index included. Loading the model is left out on both sides. All of them take
turns; medians.

Three sets: `small` are the labelled pictures, `middle` photographs of up to 800 pixels, `large`
JPEGs of 12 megapixels made from these.

Then where our time goes: processor milliseconds a picture of each stage run alone, and of the
whole. `the rest` is what threads, queues and bookkeeping add, and what the stages cost more when
they share the caches.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import imagehash
import numpy as np
import onnxruntime
from PIL import Image
from reduced_decode import twelve_megapixels

import lookalike
from lookalike.encoders import registry, weights
from lookalike.encoders.base import Encoder
from lookalike.encoders.card import ModelCard, Preprocessing
from lookalike.encoders.graph import extra_output
from lookalike.imaging import DEFAULT_LIMITS
from lookalike.ingest.job import Job, encode, prepare, read
from lookalike.processors import processors
from lookalike.sources.folder import FolderSource
from lookalike.stores.local import LocalStore

BATCHES = (1, 32)
COMMIT = 64
Embed = Callable[[Sequence[Path], int], np.ndarray]


@dataclass(frozen=True)
class Pictures:
    """A set of pictures to choose from."""

    title: str
    files: list[Path]


def main() -> None:
    """Print the comparison, then the profile."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("labelled", type=Path)
    parser.add_argument("originals", type=Path)
    parser.add_argument("--encoders", nargs="*", default=registry.names())
    parser.add_argument("--sets", nargs="*", default=["small", "middle", "large"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of the plain script, a turn")
    options = parser.parse_args()
    rows: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        sets = collect(Path(folder), options)
        print(f"{processors()} processors, {options.rounds} turns, ms a picture\n")
        print("| encoder | set | pictures | plain | in batches | lookalike | plain / lookalike |")
        print("|---|---|---|---|---|---|---|")
        for name in options.encoders:
            encoder = registry.load(name)
            plain = plain_script(registry.card(name))
            for pictures in sets:
                chosen = choose(pictures, plain, options.seconds, Path(folder) / "chosen")
                compare(encoder, plain, pictures.title, chosen, options.rounds)
                rows.append(profile(encoder, pictures.title, chosen))
    print("\nProcessor time, ms a picture\n")
    print(f"| encoder | set | {' | '.join((*STAGES, 'whole', 'the rest'))} |")
    print("|---" * (len(STAGES) + 4) + "|")
    print("\n".join(rows))


# -- pictures ------------------------------------------------------------------------------------


def collect(folder: Path, options: argparse.Namespace) -> list[Pictures]:
    """The sets asked for."""
    found = {"small": sorted(options.labelled.rglob("*.jpg"))}
    found["middle"] = sorted(options.originals.rglob("*.jpg"))
    if "large" in options.sets:
        (folder / "large").mkdir()
        rng = np.random.default_rng(0)
        found["large"] = []
        for path in found["middle"][:32]:
            target = folder / "large" / path.name
            target.write_bytes(twelve_megapixels(path, rng))
            found["large"].append(target)
    return [Pictures(title, found[title]) for title in options.sets]


def choose(pictures: Pictures, plain: Embed, seconds: float, folder: Path) -> Path:
    """A folder with as many of the pictures as the plain script does in that time."""
    few = pictures.files[:: max(1, len(pictures.files) // 8)][:8]
    plain(few, 1)  # the first run is a slow one
    start = time.perf_counter()
    plain(few, 1)
    count = max(16, round(seconds / (time.perf_counter() - start) * len(few)))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    files = pictures.files
    for place in np.unique(np.linspace(0, len(files) - 1, min(count, len(files))).astype(int)):
        shutil.copyfile(files[place], folder / f"{place:04}-{files[place].name}")
    return folder


# -- the plain script ----------------------------------------------------------------------------


def plain_script(card: ModelCard) -> Embed:
    """What one would write for this encoder without lookalike."""
    if card.image is None:
        return plain_hashes(card.name)
    tower = card.image
    (file,) = weights.find(card, "image")
    model = Path(file.path).read_bytes() + extra_output(tower.output)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    def run(batch: list[np.ndarray]) -> np.ndarray:
        output = session.run([tower.output], {tower.input: np.stack(batch)})[0]
        if tower.pool == "first-token":
            output = output[:, 0]
        output = output.reshape(len(batch), -1)
        return output / np.linalg.norm(output, axis=1, keepdims=True)

    def embed(files: Sequence[Path], size: int) -> np.ndarray:
        rows = []
        for start in range(0, len(files), size):
            batch = []
            for path in files[start : start + size]:
                with Image.open(path) as image:
                    batch.append(plain_pixels(image.convert("RGB"), tower.preprocessing))
            rows.append(run(batch))
        return np.concatenate(rows)

    return embed


def plain_pixels(image: Image.Image, rule: Preprocessing) -> np.ndarray:
    """Resize, crop and normalise with Pillow and numpy."""
    filters = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
    resampling = filters.get(rule.interpolation, Image.Resampling.LANCZOS)
    crop = rule.crop
    if rule.resize == "stretch":
        image = image.resize((crop, crop), resampling)
    else:
        scale = rule.shorter_side / min(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)), resampling)
        left, top = (image.width - crop) // 2, (image.height - crop) // 2
        image = image.crop((left, top, left + crop, top + crop))
    values = np.asarray(image)
    if rule.dtype != "uint8":
        mean, std = np.array(rule.mean, np.float32), np.array(rule.std, np.float32)
        values = ((values.astype(np.float32) * rule.scale - mean) / std).astype(rule.dtype)
    if rule.colour == "BGR":
        values = values[..., ::-1]
    return values if rule.layout == "NHWC" else values.transpose(2, 0, 1)


def plain_hashes(name: str) -> Embed:
    """The hash by the library that is known for it."""
    if name == "pdq":
        import pdqhash

        def digest(image: Image.Image) -> np.ndarray:
            return pdqhash.compute(np.asarray(image.convert("RGB")))[0]
    else:
        algorithm = {"dhash": imagehash.dhash, "ahash": imagehash.average_hash}
        algorithm |= {"phash": imagehash.phash, "whash": imagehash.whash}

        def digest(image: Image.Image) -> np.ndarray:
            return np.packbits(algorithm[name](image).hash)

    def hash_all(files: Sequence[Path], size: int) -> np.ndarray:
        rows = []
        for path in files:
            with Image.open(path) as image:
                rows.append(digest(image))
        return np.stack(rows)

    return hash_all


# -- the comparison ------------------------------------------------------------------------------


def compare(encoder: Encoder, plain: Embed, title: str, folder: Path, rounds: int) -> None:
    """Run the three in turns and print their medians."""
    files = sorted(folder.iterdir())
    batches = BATCHES if registry.card(encoder.spec.name).image else BATCHES[:1]
    variants: list[Callable[[], None]] = [
        *(lambda size=size: script(plain, folder, size) for size in batches),
        lambda: index(encoder.spec.name, folder, len(files)),
    ]
    times: list[list[float]] = [[] for _ in variants]
    for turn in range(rounds + 1):
        for variant, taken in zip(variants, times, strict=True):
            start = time.perf_counter()
            variant()
            if turn:  # the first turn warms everything up
                taken.append((time.perf_counter() - start) * 1000 / len(files))
    best = min(times[:-1], key=statistics.median)
    ratio = statistics.median(peer / ours for peer, ours in zip(best, times[-1], strict=True))
    one, *batch, ours = (f"{statistics.median(taken):.2f}" for taken in times)
    cells = [encoder.spec.name, title, len(files), one, *(batch or [""]), ours, f"{ratio:.2f}"]
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def script(plain: Embed, folder: Path, size: int) -> None:
    """The plain script from the folder to the file of vectors."""
    with tempfile.TemporaryDirectory() as target:
        np.save(Path(target) / "vectors.npy", plain(sorted(folder.iterdir()), size))


def index(name: str, folder: Path, count: int) -> None:
    """The same with lookalike."""
    with tempfile.TemporaryDirectory() as target:
        with lookalike.open(Path(target) / "collection", encoder=name) as collection:
            report = collection.add(folder)
        assert report.added == count, report


# -- the profile ---------------------------------------------------------------------------------

STAGES = ("find", "read, digests", "decode", "resize, normalise", "encode", "store")


def profile(encoder: Encoder, title: str, folder: Path) -> str:
    """Processor time of each stage alone and of the whole, as a line of a table."""
    used: list[float] = []
    start = time.process_time()

    def lap() -> None:
        nonlocal start
        now = time.process_time()
        used.append(now - start)
        start = time.process_time()

    jobs = [Job(item, "") for item in FolderSource([folder], limits=DEFAULT_LIMITS)]
    lap()
    for job in jobs:
        read(job)
    lap()
    # Decoding and preprocessing are one stage; a second time with nothing to preprocess tells
    # them apart.
    kept = [job.data for job in jobs]
    for job in jobs:
        prepare(job, [], DEFAULT_LIMITS, encoder.min_side)
    lap()
    for job, data in zip(jobs, kept, strict=True):
        job.data = data
    for job in jobs:
        prepare(job, [encoder], DEFAULT_LIMITS, encoder.min_side)
    lap()
    used[-1] -= used[-2]
    for place in range(0, len(jobs), 16):
        encode(jobs[place : place + 16], [encoder])
    lap()
    with tempfile.TemporaryDirectory() as target, LocalStore.open(Path(target) / "c") as store:
        store.add_encoder(encoder.spec)
        for place in range(0, len(jobs), COMMIT):
            store.upsert([job.entry() for job in jobs[place : place + COMMIT]])
    lap()
    index(encoder.spec.name, folder, len(jobs))
    lap()
    used.append(used[-1] - sum(used[:-1]))
    cells = " | ".join(f"{seconds * 1000 / len(jobs):.2f}" for seconds in used)
    return f"| {encoder.spec.name} | {title} | {cells} |"


if __name__ == "__main__":
    main()
