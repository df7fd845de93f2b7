"""What the projections and the fusion of encoders give: look-alikes, words and bytes a vector.

    python benchmarks/projections.py FOLDER… [--captions FILE] [--originals FOLDER]
                                     [--encoders NAME…]

Each FOLDER has a sub-folder for each class, and is a table: mAP and precision at 10 of every
encoder raw and projected, and of those with a projection fused, the mean of their cosines. A
range is a 95 % confidence interval over classes; the last column is the gain in mAP over the raw
row (a fusion's: over the best single raw one) of the same queries, with its own. The captions
file has the columns file and caption; words need a text tower, for example in LOOKALIKE_MODELS.
Of every fourth of the originals each is edited in every BASIC way of lookalike.evaluation.edits,
and a copy is found when its original is nearer than all other originals and the pictures of the
first FOLDER.
Embeddings are kept in the cache folder.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from lookalike.encoders import registry
from lookalike.encoders.base import Encoder
from lookalike.encoders.shipped import shipped_projection
from lookalike.evaluation import datasets
from lookalike.evaluation.bootstrap import Interval, mean_interval
from lookalike.evaluation.cache import EmbeddingCache, default_path
from lookalike.evaluation.edits import BASIC, edited
from lookalike.evaluation.encode import digests, encode
from lookalike.evaluation.ranking import rank
from lookalike.evaluation.score import score
from lookalike.evaluation.vectors import Vectors
from lookalike.imaging import decode

NAMES = ["clip-vit-b-16", "dinov2-vits14", "mobilenet-v3-large", "efficientnet-b0", "resnet50"]
FUSED = ("dinov2-vits14", "clip-vit-b-16")
WEIGHTS = ((1, 1), (2, 1))
EXPANDED = 5


@dataclass(frozen=True)
class Row:
    """Average precision and precision at 10 of each query, and the size of a stored vector."""

    name: str
    bytes: int
    average_precision: np.ndarray
    precision: np.ndarray


def main() -> None:
    """Print a table for each folder, and one for the captions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--captions", type=Path)
    parser.add_argument("--originals", type=Path)
    parser.add_argument("--encoders", nargs="*", default=NAMES)
    options = parser.parse_args()
    for folder in options.folders:
        looks(datasets.read(folder), folder.name, options.encoders)
    if options.captions:
        words(datasets.read(None, captions=options.captions), options.encoders)
    if options.originals:
        originals = sorted(options.originals.glob("*.jpg"))[::4]
        copies(originals, datasets.read(options.folders[0]), options.encoders)


def embeddings(name: str, data: datasets.Dataset) -> Vectors:
    """(n, d) of the pictures, from the cache where they are there."""
    kept = EmbeddingCache(default_path())
    sha256, broken = digests(data.items, cache=kept)
    if broken:
        raise SystemExit(f"pictures that cannot be read: {broken}")
    return encode(registry.load(name), data.items, sha256, cache=kept)


def looks(data: datasets.Dataset, title: str, names: Sequence[str]) -> None:
    """The table of one folder."""
    queries = np.flatnonzero(np.bincount(data.labels)[data.labels] > 1)
    classes = data.labels[queries]

    def measured(name: str, vectors: Vectors, stored: int) -> Row:
        ranking = rank(vectors[queries], vectors, classes, data.labels, own=queries)
        return Row(name, stored * 2, ranking.average_precision, ranking.precision)

    print(f"\n{title}: {len(data.items)} pictures of {len(data.classes)} classes\n")
    print("| compared by | bytes a vector | mAP | P@10 | mAP gained |")
    print("|---|---|---|---|---|")
    raw: dict[str, tuple[Row, Vectors]] = {}
    projected: dict[str, Vectors] = {}
    for name in names:
        vectors = embeddings(name, data)
        row = measured(name, vectors, vectors.shape[1])
        raw[name] = row, vectors
        show(row, classes)
        if projection := shipped_projection(name):
            projected[name] = projection.project(vectors)
            show(
                measured(f"{name}, projected", projected[name], projection.size), classes, over=row
            )
    if not set(FUSED) <= set(projected):
        return
    best = max((raw[name][0] for name in FUSED), key=lambda row: row.average_precision.mean())
    for form, spaces in (("", {n: v for n, (_, v) in raw.items()}), (", projected", projected)):
        parts = [spaces[name] for name in FUSED]
        stored = sum(part.shape[1] for part in parts)
        for weights in WEIGHTS:
            title = " + ".join(f"{w} × {n}" for w, n in zip(weights, FUSED, strict=True)) + form
            show(measured(title, fused(parts, weights), stored), classes, over=best)
    both = fused(parts, WEIGHTS[-1])
    for what, vectors in ((FUSED[0] + form, parts[0]), (title, both)):
        values = expanded(vectors, queries, data.labels)
        row = Row(f"{what}, query expanded", vectors.shape[1] * 2, *values)
        show(row, classes, over=best)


def fused(parts: Sequence[Vectors], weights: Sequence[float]) -> Vectors:
    """Side by side: inner products are the weighted means of those of the parts."""
    scaled = [np.sqrt(w / sum(weights)) * p for w, p in zip(weights, parts, strict=True)]
    return np.concatenate(scaled, axis=1).astype(np.float32)


def expanded(
    vectors: Vectors, queries: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Quality when each query asks again with the sum of itself and its five nearest.

    Weighted by their cosines: alpha query expansion, alpha 1 (Radenović et al. 2019, TPAMI).
    """
    scores = vectors[queries] @ vectors.T
    scores[np.arange(len(queries)), queries] = -1
    near = np.argsort(-scores, axis=1, kind="stable")[:, :EXPANDED]
    weight = np.take_along_axis(scores, near, 1).clip(min=0)
    asked = vectors[queries] + (weight[:, :, None] * vectors[near]).sum(1)
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    ranking = rank(asked, vectors, labels[queries], labels, own=queries)
    return ranking.average_precision, ranking.precision


def show(row: Row, classes: np.ndarray, over: Row | None = None) -> None:
    """Print one line of the table."""
    gain = ""
    if over is not None:
        difference = mean_interval(row.average_precision - over.average_precision, classes)
        gain = f"{difference.value:+.3f} ({difference.low:+.3f} to {difference.high:+.3f})"
    quality = mean_interval(row.average_precision, classes)
    precision = mean_interval(row.precision, classes)
    print(
        f"| {row.name} | {row.bytes:,} | {text(quality)} | {precision.value:.3f} | {gain} |",
        flush=True,
    )


def words(data: datasets.Dataset, names: Sequence[str]) -> None:
    """The table of captions."""
    print(f"\n{len(data.captions)} captions of {len(data.items)} pictures\n")
    print("| words by | R@1 | R@5 | R@10 |")
    print("|---|---|---|---|")
    for name in names:
        encoder = registry.load(name)
        if not encoder.has_text:
            continue
        pictures, captions = embeddings(name, data), encoder.encode_texts(data.captions)
        spaces = {name: (pictures, captions)}
        if projection := shipped_projection(name):
            spaces[f"{name}, projected"] = (
                projection.project(pictures),
                projection.project_text(captions),
            )
        for title, vectors in spaces.items():
            quality = score(data, *vectors).quality
            recalls = " | ".join(text(quality[f"R@{k}"]) for k in (1, 5, 10))
            print(f"| {title} | {recalls} |", flush=True)


def copies(originals: Sequence[Path], others: datasets.Dataset, names: Sequence[str]) -> None:
    """The table of edited copies, for encoders that have a projection."""
    print(f"\n{len(originals)} originals, {len(BASIC)} edits of each\n")
    print("| copies by | R@1 |")
    print("|---|---|")
    target = np.repeat(np.arange(len(originals)), len(BASIC))
    for name in names:
        projection = shipped_projection(name)
        if projection is None:
            continue
        encoder = registry.load(name)

        def encode_files(files: Sequence[bytes], encoder: Encoder = encoder) -> Vectors:
            return encoder.encode_images(
                [decode(data, min_side=encoder.min_side).image for data in files]
            )

        found = []
        for seed, file in enumerate(originals):
            with Image.open(file) as image:
                picture = image.convert("RGB")
            found.append(encode_files([edited(picture, edit, seed) for edit in BASIC]))
        asked = np.concatenate(found)
        gallery = np.concatenate(
            [encode_files([file.read_bytes() for file in originals]), embeddings(name, others)]
        )
        for title, (queries, pictures) in {
            name: (asked, gallery),
            f"{name}, projected": (projection.project(asked), projection.project(gallery)),
        }.items():
            hit = ((queries @ pictures.T).argmax(1) == target).astype(np.float64)
            print(f"| {title} | {text(mean_interval(hit, target))} |", flush=True)


def text(interval: Interval) -> str:
    """A value and its confidence interval."""
    return f"{interval.value:.3f} ({interval.low:.3f}–{interval.high:.3f})"


if __name__ == "__main__":
    main()
