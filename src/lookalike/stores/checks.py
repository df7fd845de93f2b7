"""What every store asks of encoders, projections and hashes before it takes them."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import projection as projections
from lookalike.encoders.projection import Projection
from lookalike.errors import UsageError, WeightsError
from lookalike.records import EncoderSpec


def check_spec(spec: EncoderSpec) -> None:
    """Refuse an encoder that cannot be stored.

    Raises:
        UsageError: its kind or size cannot be.
    """
    bits = spec.kind == "hash"
    if spec.kind not in ("embedding", "hash") or spec.size < 1 or (bits and spec.size % 8):
        raise UsageError(
            f"Encoder {spec.name!r} of kind {spec.kind!r} and size {spec.size} cannot be stored: "
            "embeddings have one component or more, hashes a multiple of 8 bits."
        )


def refuse_other(old: EncoderSpec, new: EncoderSpec) -> None:
    """Refuse a spec that differs from the one the collection has under that name.

    Raises:
        UsageError: kind, size or fingerprint differ.
    """
    if old == new:
        return
    raise UsageError(
        f"The collection has encoder {old.name!r} as {old.kind} of {old.size} "
        f"(weights {old.fingerprint or 'unknown'}), not as {new.kind} of {new.size} "
        f"(weights {new.fingerprint or 'unknown'}): their vectors cannot be compared. "
        "Use the same weights as before, or index into a new collection."
    )


def as_kept(spec: EncoderSpec, projection: Projection | None) -> Projection | None:
    """The projection as it is after it has been kept, which rounds it.

    Raises:
        UsageError: it is for embeddings of another size, or cannot be used.
    """
    if projection is None:
        return None
    if len(projection.mean) != spec.size:
        raise UsageError(
            f"The projection takes embeddings of {len(projection.mean)} components, and those of "
            f"{spec.name} have {spec.size}: use one that was fitted on them."
        )
    try:
        return projections.read(io.BytesIO(bytes_of(projection)))
    except WeightsError as error:
        raise UsageError(str(error)) from error


def bytes_of(projection: Projection) -> bytes:
    """A projection as a .npz file."""
    file = io.BytesIO()
    projections.write(projection, file)
    return file.getvalue()


def check_hash(spec: EncoderSpec, query: Any) -> NDArray[np.uint8]:
    """A query's hash, (bits/8,) uint8.

    Raises:
        UsageError: it has another shape or type.
    """
    width = spec.size // 8
    shape, kind = getattr(query, "shape", None), getattr(query, "dtype", None)
    if shape != (width,) or kind != np.uint8:
        raise UsageError(
            f"Encoder {spec.name!r} needs a query of {width} uint8, not {kind} of shape {shape}."
        )
    hashed: NDArray[np.uint8] = query
    return hashed
