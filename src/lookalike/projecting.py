"""Which projection a collection's embeddings are to be compared through, by name."""

import random
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.encoders.projection import Projection, fit, read
from lookalike.encoders.shipped import shipped_projection
from lookalike.errors import UsageError, WeightsError
from lookalike.search.choose import reads_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lookalike.records import EncoderSpec
    from lookalike.stores.base import Progress, Store

Chosen = str | PathLike[str] | Projection | None

SIZE = 256
"""Components that a projection fitted on a collection keeps, unless the encoder's own says it."""
POWER = 0.25
"""How far it evens the principal components out; 1 is all the way. See docs/look-alikes.md."""
FEWEST = 1000
PER_COMPONENT = 2
"""Embeddings that are fitted on: at least so many, and so many for each component."""
MOST = 20_000
_ROWS = 512


def projection_for(
    store: "Store", spec: "EncoderSpec", chosen: Chosen, progress: "Progress | None" = None
) -> Projection | None:
    """The projection that `chosen` names for one of a collection's encoders.

    Args:
        store: the collection's.
        spec: the encoder's.
        chosen: a projection, "default" for the one that comes with the encoder, "none" (or None)
            to compare embeddings as they are, "fit" for one fitted on those of the collection, or
            the path of a .npz file.
        progress: called as progress(stage, done, total) while embeddings are read to fit.

    Raises:
        UsageError: there is no such projection, or too little to fit one on.
    """
    if spec.kind == "hash":
        raise UsageError(f"{spec.name} makes hashes, and projections are of embeddings")
    if chosen is None or chosen == "none":
        return None
    if isinstance(chosen, Projection):
        return chosen
    if chosen == "default":
        return _default(spec.name)
    if chosen == "fit":
        return _fitted(store, spec, progress)
    if not isinstance(chosen, str | PathLike):
        raise UsageError(f"a projection is named by a text or a path, not {chosen!r}")
    path = Path(chosen)
    if not path.is_file():
        raise UsageError(
            f"there is no projection {fspath(chosen)!r}: name a .npz file, or one of default, "
            "none and fit"
        )
    try:
        return read(path)
    except WeightsError as error:
        raise UsageError(str(error)) from error


def _default(encoder: str) -> Projection:
    shipped = shipped_projection(encoder)
    if shipped is None:
        raise UsageError(
            f"no projection comes with {encoder}: `fit` makes one from the collection's own "
            "embeddings"
        )
    return shipped


def _fitted(store: "Store", spec: "EncoderSpec", progress: "Progress | None") -> Projection:
    needed = max(FEWEST, PER_COMPONENT * spec.size)
    sample = _sample(store, spec.name, progress)
    if len(sample) < needed:
        raise UsageError(
            f"a projection of {spec.name} needs at least {needed:,} embeddings to be fitted on, "
            f"and the collection has {len(sample):,}: add more pictures"
        )
    shipped = shipped_projection(spec.name)
    # Texts lie far from the mean of pictures and are not centred.
    uncentred = np.zeros(spec.size, np.float32) if reads_words(spec.name) else None
    return fit(
        sample,
        min(SIZE, spec.size) if shipped is None else shipped.size,
        POWER,
        version=f"fitted-{len(sample)}",
        mean_text=uncentred if shipped is None else shipped.mean_text,
    )


def _sample(store: "Store", encoder: str, progress: "Progress | None") -> "NDArray[np.float32]":
    """(n, dim): all embeddings, or MOST of them drawn evenly by a fixed seed."""
    ids = [record.id for record in store.scan()]
    (held,) = [one.vectors for one in store.stats().encoders if one.spec.name == encoder]
    total = min(held, MOST)
    if len(ids) > total:
        # Those without an embedding are passed over, so there may be a need for any of them.
        random.Random(0).shuffle(ids)  # noqa: S311 - no secret
    rows: list[NDArray[Any]] = []
    for start in range(0, len(ids), _ROWS):
        rows += store.vectors(encoder, ids[start : start + _ROWS]).values()
        if progress is not None:
            progress(f"read {encoder}", min(len(rows), total), total)
        if len(rows) >= total:
            break
    return np.stack(rows[:total]) if rows else np.empty((0, 0), np.float32)
