"""What every store asks of encoders, projections, hashes and attributes before it takes them."""

import io
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import projection as projections
from lookalike.encoders.projection import Projection
from lookalike.errors import UnknownEncoderError, UsageError, WeightsError
from lookalike.records import AttributeKind, Attributes, EncoderSpec
from lookalike.stores.base import Entry

Member = TypeVar("Member")
"""What a store knows of an encoder."""

MOST_QUALITY = 100
_NORM_TOLERANCE = 0.01
_TYPES: Mapping[AttributeKind, Any] = {"number": int | float, "text": str, "boolean": bool}


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


def check_quality(entry: Entry) -> None:
    """Refuse qualities that belong to no vector of the entry, or are out of range.

    Raises:
        UsageError: one does or is.
    """
    for name, quality in entry.qualities.items():
        if name not in entry.vectors:
            raise UsageError(
                f"{entry.uri}: a quality of {name!r} comes without the hash that it is of."
            )
        if not 0 <= quality <= MOST_QUALITY:
            raise UsageError(
                f"{entry.uri}: the quality of {name!r} is {quality}, not within 0 and "
                f"{MOST_QUALITY}."
            )


def matrix_of(spec: EncoderSpec, entries: Sequence[Entry]) -> NDArray[Any]:
    """The vectors that entries bring of an encoder: (n, dim) float32, or (n, bits/8) uint8.

    Raises:
        UsageError: one has the wrong shape or type, is not finite, or not of unit length.
    """
    name = spec.name
    width = spec.size // 8 if spec.kind == "hash" else spec.size
    for entry in entries:
        vector = entry.vectors[name]
        if getattr(vector, "shape", None) != (width,):
            raise UsageError(
                f"{entry.uri}: encoder {name!r} needs a vector of shape ({width},), "
                f"not {getattr(vector, 'shape', type(vector).__name__)}."
            )
    if spec.kind == "hash":
        for entry in entries:
            if entry.vectors[name].dtype != np.uint8:
                raise UsageError(f"{entry.uri}: hashes of {name!r} are uint8 arrays.")
        return np.stack([entry.vectors[name] for entry in entries])
    matrix = np.stack([entry.vectors[name] for entry in entries]).astype(np.float32, copy=False)
    norms = np.sqrt(np.einsum("ij,ij->i", matrix, matrix))
    wrong = np.flatnonzero(~(np.abs(norms - 1.0) <= _NORM_TOLERANCE))
    if len(wrong):
        raise UsageError(
            f"{entries[wrong[0]].uri}: the embedding for {name!r} has length "
            f"{norms[wrong[0]]:.4g}, not 1: divide it by its length first."
        )
    return matrix


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


def check_declared(attributes: Attributes, declared: Mapping[str, AttributeKind]) -> None:
    """Refuse values of declared attributes that are of another kind; None is of every kind.

    `attributes` are plain, see `attributes.plain`.

    Raises:
        UsageError: a value is not of the kind that was declared, or it is a list.
    """
    for name, kind in declared.items():
        value = attributes.get(name)
        truth = isinstance(value, bool)
        if value is not None and (
            truth != (kind == "boolean") or not isinstance(value, _TYPES[kind])
        ):
            raise UsageError(
                f"attribute {name} was declared a {kind}, and {value!r:.100} is none: change the "
                "value, or keep it under another name."
            )


def refuse_other_declared(
    address: str,
    declared: Mapping[str, AttributeKind],
    asked: Mapping[str, AttributeKind] | None,
) -> None:
    """Refuse to declare what a collection that is there does not.

    Raises:
        UsageError: an attribute is asked for that it lacks, or has as another kind.
    """
    for name, kind in (asked or {}).items():
        if declared.get(name) != kind:
            has = ", ".join(f"{key}:{value}" for key, value in declared.items()) or "none"
            raise UsageError(
                f"{address}: attributes are declared when a collection is made, and {name}:{kind} "
                f"was not ({has}); leave it out, or copy into a new collection."
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


def member(known: Mapping[str, Member], name: str) -> Member:
    """One encoder by name.

    Raises:
        UnknownEncoderError: the collection does not have it; names those it has.
    """
    try:
        return known[name]
    except KeyError:
        raise UnknownEncoderError(
            f"This collection has no encoder {name!r}. "
            + (f"It has: {', '.join(known)}." if known else "It has none yet: add one first.")
        ) from None
