"""Score normalisation: a cosine says more where the query is like few other pictures.

As in the Image Similarity Challenge and Pizzi et al. 2022 (arXiv:2202.10261, section 5.1): from
the cosine of two pictures, a share of the mean cosine of the query with its nearest pictures of a
background set is taken off. The background is shipped: nothing of a collection, of whichever
tenant, goes into it.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

NEAREST = 10
"""How many background pictures are averaged."""

SHARE = np.float32(0.5)
"""How much of their mean is taken off. The paper takes all of it, of scores among a million
pictures; of originals among a thousand that lost as many as it found, and half of it none."""


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """Embeddings of pictures that are nobody's original: (n, dim) float32 of unit length."""

    vectors: NDArray[np.float32]

    def normalised(
        self, cosines: NDArray[np.float32], view_vector: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Cosines (n,) of one view with candidates, less what it has with the background."""
        count = min(NEAREST, len(self.vectors))
        if not count:
            return cosines
        known = np.partition(self.vectors @ view_vector, len(self.vectors) - count)[-count:]
        less: NDArray[np.float32] = cosines - SHARE * known.mean()
        return less


@cache
def background(encoder: str) -> Background | None:
    """The background that is shipped for an encoder; None where there is none."""
    file = resources.files("lookalike.copies").joinpath("backgrounds", f"{encoder}.npz")
    if not file.is_file():
        return None
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
        vectors = arrays["vectors"].astype(np.float32)
    return Background(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
