"""How good each encoder is on labelled pictures, and words on captioned ones.

    python benchmarks/quality.py ../shared/data/labelled [--captions ../shared/data/captions.tsv]

The labelled folder has one sub-folder per class. Each picture is a query against all others:
precision at 10 is the part of the ten nearest that are of its class; mAP is the mean over
queries of average precision over the full ranking. The captions file has the columns file and
caption; R@k is the part of captions whose own picture is among the k nearest.
"""

import argparse
import csv
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from lookalike.encoders import registry
from lookalike.encoders.base import Encoder


def main() -> None:
    """Print one table row for each encoder, then recall of words."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("labelled", type=Path)
    parser.add_argument("--captions", type=Path)
    parser.add_argument("--encoders", nargs="*", default=registry.names())
    options = parser.parse_args()

    files = sorted(options.labelled.glob("*/*.jpg"))
    pictures = [load(file) for file in files]
    labels = np.array([file.parent.name for file in files])
    print(f"{len(files)} pictures, {len(set(labels))} classes")
    print("| encoder | precision at 10 | mAP | ms a picture |")
    print("|---|---|---|---|")
    for name in options.encoders:
        encoder = registry.load(name)
        start = time.perf_counter()
        vectors = encoder.encode_images(pictures)
        milliseconds = (time.perf_counter() - start) / len(files) * 1000
        precision, mean = ranking_quality(similarities(vectors, vectors), labels)
        print(f"| {name} | {precision:.3f} | {mean:.3f} | {milliseconds:.1f} |", flush=True)

    if options.captions:
        for name in options.encoders:
            if registry.load(name).has_text:
                recalls = caption_recall(registry.load(name), options.captions)
                print(f"{name}, words: " + ", ".join(f"R@{k} {r:.3f}" for k, r in recalls.items()))


def load(file: Path) -> Image.Image:
    """One picture as RGB."""
    with Image.open(file) as image:
        return image.convert("RGB")


def similarities(queries: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """(q, n) cosines; of hashes, of the ±1 vectors that their bits stand for."""
    if vectors.dtype == np.uint8:
        queries, vectors = (
            np.unpackbits(part, axis=1).astype(np.float32) * 2 - 1 for part in (queries, vectors)
        )
        return queries @ vectors.T / vectors.shape[1]
    return queries @ vectors.T


def ranking_quality(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Precision at 10 and mean average precision, each picture against all others."""
    scores = scores.copy()
    np.fill_diagonal(scores, -np.inf)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :-1]
    relevant = labels[order] == labels[:, None]
    ranks = np.arange(1, relevant.shape[1] + 1)
    precisions = relevant.cumsum(1) / ranks
    average = (precisions * relevant).sum(1) / relevant.sum(1)
    return float(relevant[:, :10].mean()), float(average.mean())


def caption_recall(
    encoder: Encoder, captions: Path, ks: Sequence[int] = (1, 5, 10)
) -> dict[int, float]:
    """Recall at k of captions against the pictures of the file."""
    with captions.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    files = list(dict.fromkeys(row["file"] for row in rows))
    position = {file: index for index, file in enumerate(files)}
    vectors = encoder.encode_images([load(captions.parent / file) for file in files])
    texts = encoder.encode_texts([row["caption"] for row in rows])
    target = np.array([position[row["file"]] for row in rows])
    scores = texts @ vectors.T
    own = scores[np.arange(len(rows)), target]
    rank = (scores > own[:, None]).sum(1)
    return {k: float((rank < k).mean()) for k in ks}


if __name__ == "__main__":
    main()
