"""Embeddings as they are compared, straight from the catalogue."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.stores.local import reading
from lookalike.stores.local.catalogue import Catalogue
from lookalike.stores.local.roster import Member
from lookalike.stores.space import Space


def compared(
    catalogue: Catalogue, encoder: Member, space: Space, ids: Sequence[int]
) -> dict[int, NDArray[np.float32]]:
    """(size,) vectors of the space by id; absent ids are left out."""
    kept = reading.vectors(catalogue, encoder, ids)
    if space.projection is None or not kept:
        return kept
    return dict(zip(kept, space.projection.project(np.stack(list(kept.values()))), strict=True))
