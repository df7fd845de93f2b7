"""PDQ beside Meta's own code (pip install pdqhash): bits, time, and what shrinking changes.

    python benchmarks/pdq.py ../shared/data/originals [--count 100] [--large 16]

Pictures that both hash as they are must have the same bits and quality; the two take turns, and
the median of the ratios is printed. Pictures of 12 megapixels (enlarged, with fine noise) are
stretched to 512 × 512 first: here by averaging, in Meta's program for files by taking the nearest
pixel, while the package hashes them at full size.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pdqhash
from PIL import Image
from reduced_decode import twelve_megapixels

from lookalike.encoders import registry
from lookalike.imaging import decode

PDQ = registry.load("pdq")


def main() -> None:
    """Print agreement and time on small pictures, then bits that differ on large ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--large", type=int, default=16)
    options = parser.parse_args()
    files = sorted(options.folder.glob("*.jpg"))
    same_bits(files[: options.count])
    large_pictures(files[: options.large])


def same_bits(files: Sequence[Path]) -> None:
    """Agreement and time on 512 × 512 pixels."""
    agree, ratios, ours_ms = 0, [], []
    for file in files:
        with Image.open(file) as image:
            picture = image.convert("RGB").resize((512, 512))
        start = time.perf_counter()
        hashes, qualities = PDQ.encode_prepared_with_quality([PDQ.prepare(picture)])
        middle = time.perf_counter()
        bits, quality = pdqhash.compute(np.asarray(picture))
        end = time.perf_counter()
        agree += bool((hashes[0] == np.packbits(bits)).all() and qualities[0] == quality)
        ours_ms.append((middle - start) * 1e3)
        ratios.append((middle - start) / (end - middle))
    print(
        f"{len(files)} pictures of 512 × 512: bits and quality the same in {agree}; "
        f"{np.median(ours_ms):.1f} ms, {np.median(ratios):.2f} of the time of Meta's code"
    )


def large_pictures(files: Sequence[Path]) -> None:
    """Bits that differ on 12 megapixels, as decoded in full and as lookalike decodes them."""
    rng = np.random.default_rng(0)
    ways: dict[str, list[int]] = {}
    for file in files:
        data = twelve_megapixels(file, rng)
        full = decode(data).image
        nearest = full.resize((512, 512), Image.Resampling.NEAREST)
        reduced = PDQ.encode_images([decode(data, min_side=PDQ.min_side).image])[0]
        found = {
            "Meta's program": theirs(nearest),
            "the package at full size": theirs(full),
        }
        for name, other in found.items():
            ways.setdefault(f"lookalike to {name}", []).append(apart(reduced, other))
        between = apart(*found.values())
        ways.setdefault("Meta's program to the package at full size", []).append(between)
    for name, bits in ways.items():
        print(
            f"{len(files)} pictures of 12 megapixels, {name}: {np.mean(bits):.1f} bits of 256 "
            f"on average, {max(bits)} at most"
        )


def theirs(picture: Image.Image) -> np.ndarray:
    """The hash by Meta's code."""
    return np.packbits(pdqhash.compute(np.asarray(picture))[0])


def apart(one: np.ndarray, other: np.ndarray) -> int:
    """Bits that differ."""
    return int(np.bitwise_count(one ^ other).sum())


if __name__ == "__main__":
    main()
