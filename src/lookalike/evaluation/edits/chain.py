"""Several edits, one after the other."""

import random
from collections.abc import Mapping, Sequence

from PIL import Image

from lookalike.evaluation.edits.kind import Edit


def chain(length: int, edits: Mapping[str, Edit]) -> Edit:
    """So many different ones of these edits, in any order."""

    def change(
        image: Image.Image, rng: random.Random, others: Sequence[Image.Image]
    ) -> Image.Image:
        for name in rng.sample(sorted(edits), length):
            image = edits[name](image, rng, others)
        return image

    return change
