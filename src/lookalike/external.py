"""Ids and vectors that were computed elsewhere: checks, names and the space they belong to."""

import math
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.arguments import text_of
from lookalike.encoders import registry
from lookalike.encoders.shipped import shipped_projection
from lookalike.errors import UsageError
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lookalike.stores.base import Progress, Store

EXTERNAL = "external"
"""Name of the encoder of vectors that came without one."""

_ROWS_AT_A_TIME = 4096
_ROWS_IN_CACHE = 128


def add_rows(
    store: "Store",
    ids: "Sequence[int] | NDArray[np.int64]",
    vectors: "NDArray[Any] | Sequence[Sequence[float]]",
    *,
    uris: "Sequence[str] | None" = None,
    attributes: "Sequence[Mapping[str, Any]] | None" = None,
    tenant: str | None = None,
    encoder: str | None = None,
    progress: "Progress | None" = None,
) -> int:
    """Store vectors computed elsewhere; see `Collection.add_embeddings`."""
    ids = check_ids(ids)
    vectors = check_rows(vectors)
    n = len(ids)
    for name, given in (("vectors", vectors), ("uris", uris), ("attributes", attributes)):
        if given is not None and len(given) != n:
            raise UsageError(f"{n} ids, but {len(given)} {name}")
    if n == 0:
        return 0
    spec = spec_of(store.encoders(), encoder, vectors.shape[1])
    store.add_encoder(spec, shipped_projection(spec.name))
    # A server takes the next slice while it is still at work on the one before.
    at_a_time = 2 if store.many_writers else 1
    under_way: deque[tuple[int, Future[list[int]]]] = deque()
    with ThreadPoolExecutor(at_a_time) as pool:
        for start in range(0, n, _ROWS_AT_A_TIME):
            part = slice(start, start + _ROWS_AT_A_TIME)
            numbers = [int(number) for number in ids[part]]
            own = own_names(store, numbers, tenant)
            rows = unit_rows(vectors[part], first=start)
            entries = [
                Entry(
                    uri=own[number][0] if uris is None else text_of(uris[start + i], "uri"),
                    tenant=own[number][1],
                    id=number,
                    attributes=attributes[start + i] if attributes is not None else None,
                    vectors={spec.name: rows[i]},
                )
                for i, number in enumerate(numbers)
            ]
            under_way.append((start + len(entries), pool.submit(store.upsert, entries)))
            if len(under_way) >= at_a_time:
                _finish(under_way, n, progress)
        while under_way:
            _finish(under_way, n, progress)
    store.optimize(progress)
    return n


def _finish(
    under_way: "deque[tuple[int, Future[list[int]]]]", total: int, progress: "Progress | None"
) -> None:
    """Wait for the oldest slice that is being stored."""
    done, stored = under_way.popleft()
    stored.result()
    if progress is not None:
        progress("add embeddings", done, total)


def check_ids(ids: "Sequence[int] | NDArray[Any]") -> "NDArray[np.int64]":
    """(n,) int64, all different and ≥ 0; UsageError otherwise."""
    array = np.asarray(ids)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise UsageError(f"ids must be a list of integers, got {array.dtype} of {array.shape}")
    if array.size and int(array.max()) > np.iinfo(np.int64).max:
        raise UsageError(f"id {array.max()} does not fit into 63 bits")
    checked = array.astype(np.int64)
    if checked.size and int(checked.min()) < 0:
        raise UsageError(f"ids must not be negative, got {checked.min()}")
    unique, counts = np.unique(checked, return_counts=True)
    if len(unique) != len(checked):
        raise UsageError(f"id {unique[counts > 1][0]} is given more than once")
    return checked


def check_rows(vectors: Any) -> "NDArray[Any]":
    """(n, dim) numbers; UsageError otherwise. An array or memory map stays what it is."""
    try:
        array = vectors if isinstance(vectors, np.ndarray) else np.asarray(vectors)
    except ValueError as error:
        raise UsageError(f"vectors must have the shape (n, dim): {error}") from error
    if array.size == 0 and array.ndim < 2:
        array = array.reshape(0, 0)
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise UsageError(
            f"vectors must be numbers of the shape (n, dim), got {array.dtype} of {array.shape}"
        )
    return array


def unit(vector: "NDArray[Any]") -> "NDArray[np.float32]":
    """(dim,) float32 of unit length; UsageError when the vector is zero or not finite."""
    wide = vector.astype(np.float64)
    norm = math.sqrt(wide.dot(wide))
    if not 0 < norm < math.inf:
        raise UsageError("the query vector is zero or not finite")
    scaled: NDArray[np.float32] = (wide / norm).astype(np.float32)
    return scaled


def unit_rows(vectors: "NDArray[Any]", first: int = 0) -> "NDArray[np.float32]":
    """(n, dim) float32 with rows of unit length; `first` is the number of row 0 in messages.

    Raises:
        UsageError: a row is not finite, or zero.
    """
    scaled = np.empty(vectors.shape, np.float32)
    # In blocks that stay in the processor's cache while they are float64.
    for start in range(0, len(vectors), _ROWS_IN_CACHE):
        rows = np.asarray(vectors[start : start + _ROWS_IN_CACHE], dtype=np.float64)
        norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        bad = np.flatnonzero(~(np.isfinite(norms) & (norms > 0)))
        if bad.size:
            raise UsageError(f"vector {first + start + int(bad[0])} is zero or not finite")
        np.divide(rows, norms[:, None], out=scaled[start : start + len(rows)], casting="same_kind")
    return scaled


def own_names(
    store: "Store", ids: "Sequence[int]", tenant: str | None
) -> dict[int, tuple[str, str]]:
    """(uri, tenant) of records by id, made up for new ones.

    Raises:
        UsageError: one is another tenant's.
    """
    names = {}
    for number, record in zip(ids, store.get(ids), strict=True):
        if record is None:
            names[number] = (f"id:{number}", tenant or "")
        elif tenant not in {None, record.tenant}:
            raise UsageError(f"id {number} is taken; give these vectors other ids")
        else:
            names[number] = (record.uri, record.tenant)
    return names


def spec_of(specs: "Sequence[EncoderSpec]", name: str | None, dim: int) -> EncoderSpec:
    """The space that vectors of `dim` components belong to: the named one, or one of that size.

    Raises:
        UsageError: the encoder of that name makes others.
    """
    if name is not None and name not in {spec.name for spec in specs}:
        name = registry.own_name(name)
    for spec in specs:
        fits = spec.kind == "embedding" and spec.size == dim
        if spec.name == name or (name is None and fits):
            if not fits:
                raise UsageError(f"{spec.name} has {spec.size} components, not {dim}")
            return spec
    if name is not None and name in registry.names():
        spec = registry.load(name).spec
        if spec.kind != "embedding" or spec.size != dim:
            raise UsageError(f"{name} makes vectors of {spec.size} components, not {dim}")
        return spec
    return EncoderSpec(name or EXTERNAL, "embedding", dim)
