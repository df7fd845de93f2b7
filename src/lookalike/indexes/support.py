"""What a store, or a server of some version, can do of the table in `kinds`."""

import math
from collections.abc import Mapping

from lookalike.errors import UsageError
from lookalike.indexes.kinds import KINDS, Kind, Version
from lookalike.indexes.parameters import Parameter, Place, Value
from lookalike.indexes.spec import AUTO, IndexSpec

_LEAST_CELLS = 16
_MOST_CELLS = 65536
SEGMENT_BYTES = 512 * 2**20
"""Vectors of a segment, `dataCoord.segment.maxSize` of a Milvus server as it is shipped: each has
an index of its own."""
FLOAT_BYTES = 4
_LOOKED_INTO = 16
"""One of so many cells is looked into, unless said otherwise; `lookalike tune` measures."""
_DIMENSIONS_PER_CODE = 8
"""Components that share a product code unless said otherwise: 8 bits for 32 bytes."""


def available(place: Place, version: Version | None = None, *, binary: bool = False) -> list[Kind]:
    """The kinds that a store has for embeddings, or for hashes.

    `version` is the server's; None is taken for the newest.
    """
    kinds = [kind for kind in KINDS.values() if (kind.vectors == "binary") == binary]
    if place == "local":
        return [kind for kind in kinds if kind.local]
    return [
        kind
        for kind in kinds
        if kind.since is not None
        and (version is None or kind.since <= version)
        and not (binary and kind.warning)
    ]


def check(
    spec: IndexSpec,
    place: Place,
    version: Version | None = None,
    *,
    dimensions: int | None = None,
    binary: bool = False,
) -> None:
    """See that a store can make an index for vectors of so many components, or bits, if known.

    Raises:
        UsageError: it cannot; the message says why, and what it can.
    """
    if spec.kind == AUTO:
        return
    kind = spec.table
    can = available(place, version, binary=binary)
    if kind not in can:
        raise UsageError(
            f"{_why_not(kind, place, version, binary)}; possible here: "
            f"{', '.join([AUTO, *(one.name for one in can)])}"
        )
    for name in (*spec.build, *spec.search):
        parameter = kind.parameter(name)
        if parameter is not None and place not in parameter.places:
            raise UsageError(f"{kind.name} has no parameter {name} in the {_STORES[place]}")
    parts = spec.build.get("m")
    if parts is not None and dimensions is not None and dimensions % int(parts):
        fitting = [number for number in range(1, dimensions + 1) if dimensions % number == 0]
        raise UsageError(
            f"{kind.name}: m={parts} does not divide the {dimensions} components of these "
            f"vectors; what does: {', '.join(map(str, fitting))}"
        )


_STORES: Mapping[Place, str] = {"local": "local store", "milvus": "Milvus store"}


def _why_not(kind: Kind, place: Place, version: Version | None, binary: bool) -> str:
    if (kind.vectors == "binary") != binary:
        return f"{kind.name} is for {'hashes' if kind.vectors == 'binary' else 'embeddings'}"
    if place == "local":
        return f"the local store has no {kind.name} index"
    if kind.warning:
        return f"{kind.name} cannot be used: {kind.warning}"
    since = ".".join(map(str, (kind.since or (0, 0, 0))[:2]))
    here = "" if version is None else f", this one is {'.'.join(map(str, version))}"
    return f"{kind.name} needs a Milvus server of {since} or newer{here}"


def complete(spec: IndexSpec, place: Place, *, dimensions: int, vectors: int) -> IndexSpec:
    """The spec with every parameter that building takes, by default from the table.

    Cells are four times the root of the number of `vectors` in a segment (0 for as many as it
    holds), and product codes of one byte stand for 8 components, where the spec does not say.
    """
    kind = spec.table
    build = dict(spec.build)
    for one in kind.build:
        if one.name in build or place not in one.places:
            continue
        value = _following(one, place, dimensions, vectors)
        if value is not None:
            build[one.name] = value
    if not build.get("refine"):
        build.pop("refine_type", None)
    return IndexSpec(spec.kind, build, spec.search)


def _following(parameter: Parameter, place: Place, dimensions: int, vectors: int) -> Value | None:
    if parameter.name == "nlist":
        inside = SEGMENT_BYTES // (FLOAT_BYTES * dimensions)
        inside = min(vectors, inside) if vectors else inside
        return min(max(round(4 * math.sqrt(inside)), _LEAST_CELLS), _MOST_CELLS)
    if parameter.name == "m":
        most = max(dimensions // _DIMENSIONS_PER_CODE, 1)
        return next(number for number in range(most, 0, -1) if dimensions % number == 0)
    if parameter.name == "refine_type":
        return "SQ8"
    return parameter.usual(place)


def defaults(place: Place) -> IndexSpec:
    """The index of embeddings of which nothing is known yet: HNSW with all its parameters."""
    spec = complete(IndexSpec("HNSW"), place, dimensions=1, vectors=0)
    return spec.with_search(search_parameters(spec, place, 1))


def search_parameters(spec: IndexSpec, place: Place, limit: int) -> dict[str, Value]:
    """What a search for `limit` answers is to be asked with, in the engine's own names.

    Defaults are filled in, and what may not be below the limit is raised to it.
    """
    found: dict[str, Value] = {}
    for one in spec.table.search:
        value = spec.search.get(one.name, one.usual(place))
        if value is None or place not in one.places:
            continue
        if one.at_least_limit:
            value = max(int(value), limit)
        if one.name == "nprobe" and "nlist" in spec.build:
            cells = int(spec.build["nlist"])
            if "nprobe" not in spec.search:
                value = max(int(value), cells // _LOOKED_INTO)
            value = min(int(value), cells)
        found[one.name] = value
    return found
