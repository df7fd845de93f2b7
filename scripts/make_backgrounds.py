"""Describe photographs that are nobody's original, for the normalisation of scores.

    python scripts/make_backgrounds.py FOLDER... [--encoders sscd-distilled,sscd-disc-mixup]

Writes src/lookalike/copies/backgrounds/NAME.npz: embeddings of the photographs and of a part of
each, and of parts of pages that show them, which have words and plain paper. They are none of
those that quality is measured on.
"""

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from fit_copy_judge import photographs
from PIL.Image import Image

from lookalike import imaging
from lookalike.encoders import registry
from lookalike.evaluation.edits import BASIC

PLACE = Path(__file__).parent.parent / "src/lookalike/copies/backgrounds"
PAGES = 8
"""Each so manieth photograph is also shown on a page."""


def main() -> None:
    """Write a file for each encoder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--encoders", default="sscd-distilled,sscd-disc-mixup")
    options = parser.parse_args()
    files = photographs(options.folders)
    for name in options.encoders.split(","):
        encoder = registry.load(name)
        rows = [encoder.encode_images([*looks(file, place)]) for place, file in enumerate(files)]
        vectors = np.concatenate(rows).astype(np.float16)
        PLACE.mkdir(exist_ok=True)
        np.savez_compressed(PLACE / f"{name}.npz", vectors=vectors)
        print(f"{name}: {len(vectors)} embeddings of {len(files)} photographs")


def looks(file: Path, place: int) -> Iterator[Image]:
    """A photograph, a part of it, and for some the parts of a page with it."""
    rng = random.Random(place)  # noqa: S311 - to be the same again
    image = imaging.decode(file.read_bytes()).image
    image.thumbnail((800, 800))
    yield image
    yield part(image, rng)
    if place % PAGES == 0:
        page = BASIC["web-page" if place % (2 * PAGES) else "screenshot"](image, rng, ())
        yield from (page, part(page, rng), part(page, rng))


def part(image: Image, rng: random.Random) -> Image:
    """Two fifths of each side, anywhere, as views of parts are."""
    width, height = image.width * 2 // 5, image.height * 2 // 5
    left, top = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height))


if __name__ == "__main__":
    main()
