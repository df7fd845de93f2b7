"""What is a high score? The scores of all pairs of the example photographs, per encoder.

They are mostly different pictures, so the median is the score of unrelated ones. Usage:

    python benchmarks/score_scale.py [ENCODER...]
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike import imaging
from lookalike.encoders import registry
from lookalike.encoders.shipped import shipped_projection
from lookalike.errors import WeightsError

PHOTOS = Path(__file__).resolve().parent.parent / "examples" / "photos"
PERCENTILES = (5, 50, 95, 99)


def main() -> None:
    """Print percentiles for each encoder of embeddings, and through its projection."""
    names = [name for name in registry.names() if registry.card(name).kind == "embedding"]
    files = sorted(p for p in PHOTOS.rglob("*.*") if p.suffix in imaging.PICTURE_SUFFIXES)
    pictures = [imaging.decode(file.read_bytes()).image for file in files]
    print("encoder", *(f"{p} %" for p in PERCENTILES), sep="\t")
    for name in sys.argv[1:] or names:
        try:
            encoder = registry.load(name)
        except WeightsError as error:
            print(name, str(error).partition("\n")[0], sep="\t")
            continue
        rows = np.concatenate([encoder.encode_images([picture]) for picture in pictures])
        show(name, rows)
        projection = shipped_projection(name)
        if projection is not None:
            show(f"{name}, projected", projection.project(rows))


def show(name: str, rows: NDArray[np.float32]) -> None:
    """Print the percentiles of the scores of all pairs."""
    scores = np.maximum(rows @ rows.T, 0)[np.triu_indices(len(rows), 1)]
    print(name, *(f"{score:.2f}" for score in np.percentile(scores, PERCENTILES)), sep="\t")


if __name__ == "__main__":
    main()
