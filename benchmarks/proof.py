"""How often proof finds an edited copy, how often it is wrong, and how long its steps take.

    python benchmarks/proof.py ../shared/data/originals ../shared/data/labelled --pictures 24

Copies of photographs of the first folder are compared with the photograph, and with those of all
folders that look most alike to an encoder. "Furniture" are two different photographs that were
given the same caption, watermark, border, page or screen. A peer does the same in the same
run: ORB, ratio test and `findHomography`, with the number of inliers that fits these very pairs.
"""

import argparse
import io
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from lookalike import proof
from lookalike.encoders import registry
from lookalike.evaluation.edits import BASIC, HARD, MIXED, edited
from lookalike.processors import processors

FURNITURE = (
    *("text", "watermark", "meme-caption", "screenshot", "web-page", "letterbox"),
    *("black-border", "photographed"),
)
SURE, LIKELY = 0.99, 0.5
ENCODER = "mobilenet-v3-large"


@dataclass
class Pair:
    """What both said about one pair: our score, the peer's inliers, milliseconds by step."""

    edit: str
    same: bool
    score: float
    by: str
    peer: int
    names: tuple[str, str]
    ms: dict[str, float]


def main() -> None:
    """Print the table by edit, the rates of error and the times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--pictures", type=int, default=24, help="photographs to make copies of")
    parser.add_argument("--alike", type=int, default=3, help="look-alikes to compare each with")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    groups = [sorted(folder.rglob("*.jpg")) for folder in options.folders]
    files = [file for group in groups for file in group]
    rng = random.Random(options.seed)
    chosen = rng.sample(range(len(groups[0])), min(options.pictures, len(groups[0])))
    alike = look_alikes(files, chosen, options.alike)
    cv2.setNumThreads(1)
    pairs: list[Pair] = []
    with ThreadPoolExecutor(processors()) as pool:
        for found in pool.map(lambda one: list(of_one(files, one, alike[one], chosen)), chosen):
            pairs += found
    report(pairs)


def look_alikes(files: list[Path], chosen: list[int], count: int) -> dict[int, list[int]]:
    """The pictures nearest to each chosen one by an encoder."""
    encoder = registry.load(ENCODER)
    rows = [
        encoder.encode_images([opened(file) for file in files[start : start + 16]])
        for start in range(0, len(files), 16)
    ]
    vectors = np.concatenate(rows)
    cosines = vectors[chosen] @ vectors.T
    cosines[np.arange(len(chosen)), chosen] = -1
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
    return {one: row.tolist() for one, row in zip(chosen, nearest, strict=True)}


def of_one(files: list[Path], one: int, alike: list[int], chosen: list[int]) -> Iterator[Pair]:
    """All pairs of one photograph's copies."""
    rng = random.Random(one)
    mixed = [opened(files[other]) for other in rng.sample([n for n in chosen if n != one], 4)]
    pictures = [opened(files[n]) for n in (one, *alike)]
    records = [Side(picture, proof.RECORD_SIDE) for picture in pictures]
    names = [files[n].name for n in (one, *alike)]
    for edit in (*BASIC, *HARD):
        query = Side(reopened(edited(pictures[0], edit, one, mixed)), proof.QUERY_SIDE)
        # What was mixed in may be among the look-alikes, and would then be rightly found.
        for place, record in enumerate(records[:1] if edit in MIXED else records):
            yield compared(edit, query, record, (names[0], names[place]), same=place == 0)
    for edit in FURNITURE:
        query = Side(reopened(edited(pictures[0], edit, one, mixed)), proof.QUERY_SIDE)
        other = Side(reopened(edited(pictures[1], edit, one, mixed)), proof.RECORD_SIDE)
        yield compared(f"furniture: {edit}", query, other, (names[0], names[1]), same=False)


class Side:
    """One picture's features, ours and the peer's (ORB), and milliseconds that each took."""

    def __init__(self, picture: Image.Image, side: int) -> None:
        start = time.perf_counter()
        self.features = proof.extract(picture, max_side=side)
        middle = time.perf_counter()
        orb = cv2.ORB_create(nfeatures=1000)
        self.keys, self.bits = orb.detectAndCompute(self.features.grey, None)
        self.ms, self.peer_ms = (middle - start) * 1e3, (time.perf_counter() - middle) * 1e3


def compared(edit: str, query: Side, record: Side, names: tuple[str, str], *, same: bool) -> Pair:
    """One pair by both, with the times of both."""
    start = time.perf_counter()
    match = proof.match(query.features, record.features)
    middle = time.perf_counter()
    inliers = peer_inliers(query, record)
    end = time.perf_counter()
    score, by = (match.score, match.by) if match else (0.0, "")
    return Pair(
        *(edit, same, score, by, inliers, names),
        {
            "a query's features": query.ms,
            "a record's features": record.ms,
            "comparing them": (middle - start) * 1e3,
            "ORB: a query's features": query.peer_ms,
            "ORB: a record's features": record.peer_ms,
            "ORB: comparing them": (end - middle) * 1e3,
        },
    )


def peer_inliers(query: Side, record: Side) -> int:
    """Inliers of the usual script: ORB, ratio 0.75, RANSAC."""
    if query.bits is None or record.bits is None or min(len(query.bits), len(record.bits)) < 4:
        return 0
    found = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(query.bits, record.bits, k=2)
    good = [two[0] for two in found if len(two) == 2 and two[0].distance < 0.75 * two[1].distance]
    if len(good) < 4:
        return 0
    _, inliers = cv2.findHomography(
        np.float32([record.keys[one.trainIdx].pt for one in good]),
        np.float32([query.keys[one.queryIdx].pt for one in good]),
        cv2.RANSAC,
        5.0,
    )
    return 0 if inliers is None else int(inliers.sum())


def report(pairs: list[Pair]) -> None:
    """Print what was measured."""
    wrong = [pair for pair in pairs if not pair.same]
    alike = [pair for pair in wrong if not pair.edit.startswith("furniture")]
    allowed = len(alike) // 1000
    fits = sorted((pair.peer for pair in alike), reverse=True)[allowed] + 1
    ours = sorted((pair.score for pair in alike), reverse=True)[allowed]
    by_edit = defaultdict(list)
    for pair in pairs:
        by_edit[pair.edit].append(pair)
    print(f"| edit | copies | ≥ {SURE} | ≥ {LIKELY} | > {ours:.3f} | ORB, ≥ {fits} inliers |")
    print("|---|---|---|---|---|---|")
    groups = {name: [p for p in by_edit[name] if p.same] for name in (*BASIC, *HARD)}
    groups["**basic**"] = [p for p in pairs if p.same and p.edit in BASIC]
    groups["**hard**"] = [p for p in pairs if p.same and p.edit in HARD]
    for name, group in groups.items():
        rates = [
            np.mean([p.score >= SURE for p in group]),
            np.mean([p.score >= LIKELY for p in group]),
            np.mean([p.score > ours for p in group]),
            np.mean([p.peer >= fits for p in group]),
        ]
        print(f"| {name} | {len(group)} | " + " | ".join(f"{rate:.3f}" for rate in rates) + " |")
    print(f"\nThe last two columns: at most {allowed} of {len(alike)} look-alikes wrong.\n")
    print(f"| different photographs | pairs | ≥ {SURE} | ≥ {LIKELY} | ORB, ≥ {fits} inliers |")
    print("|---|---|---|---|---|")
    kinds = defaultdict(list)
    for pair in wrong:
        kinds[pair.edit if pair.edit.startswith("furniture") else "look-alikes"].append(pair)
    for name, group in kinds.items():
        counts = (
            sum(p.score >= SURE for p in group),
            sum(p.score >= LIKELY for p in group),
            sum(p.peer >= fits for p in group),
        )
        print(f"| {name} | {len(group)} | {counts[0]} | {counts[1]} | {counts[2]} |")
    for pair in sorted(wrong, key=lambda p: -p.score)[:8]:
        if pair.score >= LIKELY:
            print(f"wrong: {pair.edit} of {' and '.join(pair.names)}: {pair.score:.4f} {pair.by}")
    print("\n| step | median ms | p95 |")
    print("|---|---|---|")
    for step in pairs[0].ms:
        times = [pair.ms[step] for pair in pairs]
        print(f"| {step} | {statistics.median(times):.1f} | {np.percentile(times, 95):.1f} |")


def opened(file: Path) -> Image.Image:
    """A photograph, RGB."""
    with Image.open(file) as image:
        return image.convert("RGB")


def reopened(data: bytes) -> Image.Image:
    """The same of a file's bytes."""
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")


if __name__ == "__main__":
    main()
