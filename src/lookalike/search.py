"""One query in, ranked hits out: terms, the encoder that answers, verdicts and scores."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lookalike.arguments import record_ids
from lookalike.encoders import registry
from lookalike.encoders.matching import load_matching
from lookalike.errors import UnknownEncoderError, UsageError
from lookalike.external import unit
from lookalike.picture_input import PictureInput, read_picture
from lookalike.records import EncoderSpec, Hit, Record, Verdict
from lookalike.results import Results, Took
from lookalike.stores.base import Neighbour, Store

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lookalike.filters import Filter

COPY_HASH = "phash"
"""The hash whose distance makes a hit a copy."""

COPY_RADIUS = 8
"""Largest pHash distance, in bits of 64, of a hit called a copy.

Chosen with benchmarks/copy_radius.py: of 460,320 pairs of different pictures none is nearer than
12 bits, and recompressed, shrunk, grey, blurred and brightened copies are within 8.
"""

FLAT_BITS = 8
"""Fewer bits set than this: the picture is so flat that its pHash says nothing.

The pHash compares each coefficient with their median, so half the bits of a picture with some
structure are set; of a plain colour, one or none.
"""

SAME = 1e-3
"""Cosine distance that float16 rounding may put between an embedding and its stored copy."""


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a query.

    `value` is a path, URL, bytes or Pillow image for "image", words for "text", a record's id for
    "id", a (dim,) vector or (bits/8,) uint8 hash for "vector". A negative `weight` searches away
    from the term.
    """

    kind: Literal["image", "text", "id", "vector"]
    value: Any
    weight: float = 1.0


@dataclass(slots=True)
class _Query:
    """What the terms of one query have been turned into so far."""

    tenant: str | None
    vector: "NDArray[Any] | None" = None
    sha256: bytes | None = None
    copy_hash: "NDArray[np.uint8] | None" = None
    pictures: list[bytes] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    decode_ms: float = 0.0
    encode_ms: float = 0.0


def search(
    store: Store,
    terms: Sequence[Term],
    *,
    limit: int = 10,
    offset: int = 0,
    threshold: float | None = None,
    where: "Filter | None" = None,
    tenant: str | None = None,
    encoder: str | None = None,
) -> Results:
    """Answer one query.

    Several terms are combined into the weighted sum of their unit vectors, normalised again.

    Args:
        store: where to search.
        terms: at least one, at least one of positive weight.
        limit: most hits to return, ≥ 0.
        offset: how many of the best hits to skip, ≥ 0.
        threshold: smallest score of a hit, 0..1.
        where: only records that match; the caller puts the tenant's limits in here.
        tenant: whose ids the terms may name; None means anybody's.
        encoder: name of the collection's encoder to use; by default the best one for the terms.

    Raises:
        UsageError: the query cannot be asked of this collection; says why.
        PictureError: a picture of the query cannot be used.
        WeightsError: words were asked for and the text tower is missing.
    """
    _check(terms, limit, offset, threshold)
    query = _Query(tenant)
    spec = choose_encoder(store, terms, encoder)
    if len(terms) == 1:
        query.vector = _term_vector(store, spec, terms[0], query)
    else:
        query.vector = _combine(store, spec, terms, query)
    started = time.perf_counter()
    neighbours = _neighbours(store, spec, query.vector, limit, offset, threshold, where)
    records = store.get([n.id for n in neighbours])
    hits = _hits(store, spec, query, neighbours, records)
    if len(store.encoders()) > 1 and store.missing(spec.name, limit=1, files_only=True):
        query.notices.append(
            f"some records have no embedding of {spec.name} yet and cannot be found by it; "
            f"`lookalike index --encoder {spec.name} PATH` makes what is missing"
        )
    took = Took(query.decode_ms, query.encode_ms, (time.perf_counter() - started) * 1e3)
    return Results(
        hits,
        query=describe(terms),
        encoder=spec.name,
        took_ms=took,
        query_pictures=query.pictures,
        notices=query.notices,
    )


def describe(terms: Sequence[Term]) -> str:
    """The query in the words of the command, such as `cat.jpg + "at night" - "people"`."""
    if len(terms) == 1:
        term = terms[0]
        return str(term.value) if term.kind == "text" else _describe_value(term)
    parts = []
    for n, term in enumerate(terms):
        sign = "- " if term.weight < 0 else "+ " if n else ""
        size = abs(term.weight)
        parts.append(f"{sign}{'' if size == 1 else f'{size:g} '}{_describe_value(term)}")
    return " ".join(parts)


def _describe_value(term: Term) -> str:
    match term.kind:
        case "text":
            return f'"{term.value}"'
        case "id":
            return f"id {term.value}"
        case "vector":
            return "vector"
        case "image":
            return PictureInput.of(term.value).name


def choose_encoder(store: Store, terms: Sequence[Term], wished: str | None) -> EncoderSpec:
    """The encoder that answers: the wished one, else the best that understands every term.

    Words need a text tower, pictures a model that can be run, an id a stored vector, a vector an
    encoder of its size. Of several, embeddings before hashes, one that has a vector of every
    record before one that is still being filled, then the highest measured mAP.
    """
    specs = store.encoders()
    if not specs:
        raise UsageError(
            "the collection is empty: add pictures first, for example `lookalike index FOLDER`"
        )
    if wished is not None:
        for spec in specs:
            if spec.name == wished:
                return spec
        raise UnknownEncoderError(
            f"the collection has no encoder {wished!r}; it has {_names(specs)}. "
            f"`lookalike index --encoder {wished} PATH` adds one"
        )
    candidates = list(specs)
    for term in terms:
        candidates = _that_understand(candidates, term, store)
    candidates = [s for s in candidates if s.kind == "embedding"] or candidates
    if len(candidates) == 1:
        return candidates[0]

    def rank(spec: EncoderSpec) -> tuple[bool, float]:
        complete = not store.missing(spec.name, limit=1, files_only=True)
        return complete, _quality(spec.name)

    return max(candidates, key=rank)


def _that_understand(specs: list[EncoderSpec], term: Term, store: Store) -> list[EncoderSpec]:
    """Those of the encoders that can turn a term into a vector; UsageError when none can."""
    match term.kind:
        case "vector":
            vector = _array(term.value)
            found = [s for s in specs if _takes(s, vector)]
            why = "" if found else f"the query vector is {vector.dtype} of {vector.shape}"
        case "text":
            found = [s for s in specs if _reads_words(s.name)]
            why = (
                "words need an encoder with a text tower (`lookalike index --encoder "
                "clip-vit-b-16 PATH` adds one without asking for anything else again)"
            )
        case "image":
            found = [s for s in specs if s.name in registry.names()]
            why = "a picture needs an encoder of ours; vectors computed elsewhere take a vector"
        case "id":
            # Which vectors the record has matters only where there is a choice.
            ids = record_ids([term.value])
            found = specs
            if len(specs) > 1:
                found = [s for s in specs if store.vectors(s.name, ids)] or specs
            why = ""
    if not found:
        raise UsageError(f"{why}, and the collection has {_names(specs)}")
    return found


def _length(spec: EncoderSpec) -> int:
    return spec.size if spec.kind == "embedding" else spec.size // 8


def _names(specs: Sequence[EncoderSpec]) -> str:
    unit = {"embedding": "components", "hash": "bits"}
    return ", ".join(f"{s.name} ({s.size} {unit[s.kind]})" for s in specs)


def _takes(spec: EncoderSpec, vector: "NDArray[Any]") -> bool:
    is_hash = spec.kind == "hash"
    return vector.shape == (_length(spec),) and is_hash == (vector.dtype == np.uint8)


def _array(value: Any) -> "NDArray[Any]":
    try:
        vector: NDArray[Any] = np.asarray(value)
        if vector.dtype.kind not in "fiu":
            raise ValueError("not numbers")
    except (ValueError, TypeError) as error:
        raise UsageError(f"a query vector is a list of numbers: {error}") from error
    return vector


def _reads_words(name: str) -> bool:
    return name in registry.names() and registry.card(name).text is not None


def _quality(name: str) -> float:
    return registry.card(name).quality.get("labelled_map", 0.0) if name in registry.names() else 0.0


def _check(terms: Sequence[Term], limit: int, offset: int, threshold: float | None) -> None:
    if not terms:
        raise UsageError("nothing to search for: give a picture, words, an id or a vector")
    for term in terms:
        if not math.isfinite(term.weight):
            raise UsageError(f"a weight must be a finite number, got {term.weight}")
    if not any(term.weight > 0 for term in terms):
        raise UsageError("a query needs at least one term to search towards, not only away from")
    if not (isinstance(limit, int) and isinstance(offset, int)):
        raise UsageError(f"limit and offset are whole numbers, got {limit!r} and {offset!r}")
    if limit < 0 or offset < 0:
        raise UsageError(f"limit and offset must not be negative, got {limit} and {offset}")
    if threshold is not None and not (isinstance(threshold, int | float) and 0 <= threshold <= 1):
        raise UsageError(f"the threshold is a score from 0 to 1, got {threshold!r}")


def _term_vector(store: Store, spec: EncoderSpec, term: Term, query: _Query) -> "NDArray[Any]":
    match term.kind:
        case "vector":
            return _given_vector(spec, term.value)
        case "id":
            return _stored_vector(store, spec, term.value, query)
        case "text":
            return _text_vector(spec, term.value, query)
        case "image":
            return _image_vector(store, spec, term.value, query)


def _given_vector(spec: EncoderSpec, value: Any) -> "NDArray[Any]":
    vector = _array(value)
    if vector.shape != (_length(spec),):
        raise UsageError(
            f"the query vector has shape {vector.shape}, but {spec.name} needs ({_length(spec)},)"
        )
    if spec.kind == "embedding":
        return unit(vector)
    if vector.dtype != np.uint8:
        raise UsageError(f"a query hash must be uint8, got {vector.dtype}")
    return vector


def _stored_vector(store: Store, spec: EncoderSpec, id_: Any, query: _Query) -> "NDArray[Any]":
    record = next(iter(store.get(record_ids([id_]))), None)
    # Another tenant's record must look like one that is not there.
    if record is None or query.tenant not in {None, record.tenant}:
        raise UsageError(f"there is no record with id {id_}")
    query.sha256 = record.sha256
    vector = store.vectors(spec.name, [record.id]).get(record.id)
    if vector is None:
        raise UsageError(f"record {id_} ({record.uri}) has no vector of {spec.name}")
    if any(s.name == COPY_HASH for s in store.encoders()):
        query.copy_hash = store.vectors(COPY_HASH, [record.id]).get(record.id)
    return vector


def _text_vector(spec: EncoderSpec, text: str, query: _Query) -> "NDArray[Any]":
    if not _reads_words(spec.name):
        raise UsageError(f"{spec.name} does not understand words; search with a picture instead")
    encoder = load_matching(spec)
    started = time.perf_counter()
    vector: NDArray[Any] = encoder.encode_texts([text], query.notices.append)[0]
    query.encode_ms += (time.perf_counter() - started) * 1e3
    return vector


def _image_vector(store: Store, spec: EncoderSpec, value: Any, query: _Query) -> "NDArray[Any]":
    encoder = load_matching(spec)
    ours = {s.name for s in store.encoders()}.intersection(registry.names())
    hasher = registry.load(COPY_HASH) if COPY_HASH in ours and spec.name != COPY_HASH else None
    # The size at which the collection's pictures were decoded, so that the same file gives the
    # same embedding.
    needs = max(registry.card(name).min_side for name in ours)
    started = time.perf_counter()
    picture = read_picture(PictureInput.of(value), min_side=needs)
    decoded = time.perf_counter()
    vector: NDArray[Any] = encoder.encode_images([picture.image])[0]
    if hasher is not None:
        query.copy_hash = hasher.encode_images([picture.image])[0]
    elif spec.name == COPY_HASH:
        query.copy_hash = vector
    query.decode_ms += (decoded - started) * 1e3
    query.encode_ms += (time.perf_counter() - decoded) * 1e3
    query.sha256 = picture.sha256
    query.pictures.append(picture.data)
    return vector


def _combine(
    store: Store, spec: EncoderSpec, terms: Sequence[Term], query: _Query
) -> "NDArray[Any]":
    if spec.kind == "hash":
        raise UsageError(f"hashes cannot be added up: search {spec.name} with one picture")
    total = np.zeros(spec.size, np.float64)
    for term in terms:
        total += term.weight * _term_vector(store, spec, term, query)
    # A mixture is no picture: nothing can be identical to it or a copy of it.
    query.sha256 = query.copy_hash = None
    norm = float(np.linalg.norm(total))
    if not norm >= 1e-6:
        raise UsageError(f"the terms of {describe(terms)} cancel each other out: nothing is left")
    return (total / norm).astype(np.float32)


def _neighbours(
    store: Store,
    spec: EncoderSpec,
    vector: "NDArray[Any]",
    limit: int,
    offset: int,
    threshold: float | None,
    where: "Filter | None",
) -> list[Neighbour]:
    if limit == 0:
        return []
    if spec.kind == "embedding":
        furthest = max(1.0 - threshold, SAME) if threshold else None
        return store.nearest(
            spec.name, vector, limit, offset=offset, where=where, max_distance=furthest
        )
    # The smallest score allowed, turned round; the small term undoes rounding such as 0.875 → 4.
    radius = int((1.0 - (threshold or -1.0)) * spec.size / 2 + 1e-9)
    return store.within(spec.name, vector, radius, limit, offset=offset, where=where)


def _hits(
    store: Store,
    spec: EncoderSpec,
    query: _Query,
    neighbours: Sequence[Neighbour],
    records: Sequence[Record | None],
) -> list[Hit]:
    hashes: dict[int, NDArray[Any]] = {}
    if query.copy_hash is not None:
        hashes = store.vectors(COPY_HASH, [n.id for n in neighbours])
    scale = 1.0 if spec.kind == "embedding" else 2.0 / spec.size
    comparable = query.sha256 is not None or bool(hashes)
    hits = []
    for neighbour, record in zip(neighbours, records, strict=True):
        if record is None:  # deleted by another thread between the two reads
            continue
        score = max(0.0, 1.0 - scale * neighbour.distance)
        verdict, reason = _verdict(query, record, hashes) if comparable else _SIMILAR
        hits.append(Hit(record, score, neighbour.distance, verdict, reason))
    return hits


_SIMILAR = (Verdict.SIMILAR, "")


def _is_flat(copy_hash: "NDArray[np.uint8]") -> bool:
    return int(np.bitwise_count(copy_hash).sum()) < FLAT_BITS


def _verdict(
    query: _Query, record: Record, hashes: "dict[int, NDArray[Any]]"
) -> tuple[Verdict, str]:
    if query.sha256 is not None and query.sha256 == record.sha256:
        return Verdict.IDENTICAL, "same bytes"
    own = hashes.get(record.id)
    if own is not None and query.copy_hash is not None and not _is_flat(query.copy_hash):
        distance = int(np.bitwise_count(query.copy_hash ^ own).sum())
        if distance <= COPY_RADIUS:
            return Verdict.COPY, f"pHash distance {distance}"
    return Verdict.SIMILAR, ""
