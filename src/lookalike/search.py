"""One query in, ranked hits out: terms, the encoder that answers, verdicts and scores."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lookalike.encoders import registry
from lookalike.encoders.base import Encoder
from lookalike.errors import UnknownEncoderError, UsageError
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
    encoder: str | None = None,
    load: Callable[[str], Encoder] = registry.load,
) -> Results:
    """Answer one query.

    Several terms are combined into the weighted sum of their unit vectors, normalised again.

    Args:
        store: where to search.
        terms: at least one, at least one of positive weight.
        limit: most hits to return, ≥ 0.
        offset: how many of the best hits to skip, ≥ 0.
        threshold: smallest score of a hit, 0..1.
        where: only records that match.
        encoder: name of the collection's encoder to use; by default the best one for the terms.
        load: gives the encoder of a name.

    Raises:
        UsageError: the query cannot be asked of this collection; says why.
        PictureError: a picture of the query cannot be used.
        WeightsError: words were asked for and the text tower is missing.
    """
    _check(terms, limit, offset, threshold)
    spec = choose_encoder(store.encoders(), terms, encoder)
    query = _Query()
    if len(terms) == 1:
        query.vector = _term_vector(store, spec, terms[0], query, load)
    else:
        query.vector = _combine(store, spec, terms, query, load)
    started = time.perf_counter()
    neighbours = _neighbours(store, spec, query.vector, limit, offset, threshold, where)
    records = store.get([n.id for n in neighbours])
    hits = _hits(store, spec, query, neighbours, records)
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


def choose_encoder(
    specs: Sequence[EncoderSpec], terms: Sequence[Term], wished: str | None
) -> EncoderSpec:
    """The encoder that answers: the wished one, else the best that understands every term.

    Words need a text tower; pictures go to the encoder with the highest measured mAP; a vector
    to the encoder of its size.
    """
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
        if term.kind == "vector":
            size = np.asarray(term.value).shape[-1]
            candidates = [s for s in candidates if _length(s) == size]
            if not candidates:
                raise UsageError(
                    f"the query vector has {size} components, but the collection's encoders are "
                    f"{_names(specs)}"
                )
    if any(term.kind == "text" for term in terms):
        candidates = [s for s in candidates if _card_says_text(s.name)]
        if not candidates:
            raise UsageError(
                f"words need an encoder with a text tower, and the collection has {_names(specs)}. "
                "`lookalike index --encoder clip-vit-b-16 PATH` adds one without asking for "
                "anything else again"
            )
    if len(candidates) == 1:
        return candidates[0]
    return max(candidates, key=lambda s: (s.kind == "embedding", _quality(s.name)))


def _length(spec: EncoderSpec) -> int:
    return spec.size if spec.kind == "embedding" else spec.size // 8


def _names(specs: Sequence[EncoderSpec]) -> str:
    unit = {"embedding": "components", "hash": "bits"}
    return ", ".join(f"{s.name} ({s.size} {unit[s.kind]})" for s in specs)


def _card_says_text(name: str) -> bool:
    return name in registry.names() and registry.card(name).text is not None


def _quality(name: str) -> float:
    return registry.card(name).quality.get("labelled_map", 0.0) if name in registry.names() else 0.0


def _check(terms: Sequence[Term], limit: int, offset: int, threshold: float | None) -> None:
    if not terms:
        raise UsageError("nothing to search for: give a picture, words, an id or a vector")
    if not any(term.weight > 0 for term in terms):
        raise UsageError("a query needs at least one term to search towards, not only away from")
    if limit < 0 or offset < 0:
        raise UsageError(f"limit and offset must not be negative, got {limit} and {offset}")
    if threshold is not None and not 0 <= threshold <= 1:
        raise UsageError(f"the threshold is a score from 0 to 1, got {threshold:g}")


def load_checked(spec: EncoderSpec, load: Callable[[str], Encoder]) -> Encoder:
    """The encoder of a collection, refused when its embeddings could not be compared.

    Raises:
        UsageError: there is no such model, or its weights or preprocessing have changed.
    """
    if spec.name not in registry.names():
        raise UsageError(
            f"{spec.name!r} holds vectors computed elsewhere: only a vector or an id can be "
            "searched with it"
        )
    encoder = load(spec.name)
    if spec.fingerprint and encoder.spec.fingerprint != spec.fingerprint:
        raise UsageError(
            f"the weights or preprocessing of {spec.name} are not the ones this collection was "
            f"made with ({encoder.spec.fingerprint} against {spec.fingerprint}): its embeddings "
            "cannot be compared. Use the old weights, or index into a new collection"
        )
    return encoder


def _term_vector(
    store: Store, spec: EncoderSpec, term: Term, query: _Query, load: Callable[[str], Encoder]
) -> "NDArray[Any]":
    match term.kind:
        case "vector":
            return _given_vector(spec, term.value)
        case "id":
            return _stored_vector(store, spec, term.value, query)
        case "text":
            return _text_vector(spec, term.value, query, load)
        case "image":
            return _image_vector(store, spec, term.value, query, load)


def _given_vector(spec: EncoderSpec, value: Any) -> "NDArray[Any]":
    vector = np.asarray(value)
    if vector.shape != (_length(spec),):
        raise UsageError(
            f"the query vector has shape {vector.shape}, but {spec.name} needs ({_length(spec)},)"
        )
    if spec.kind == "hash":
        if vector.dtype != np.uint8:
            raise UsageError(f"a query hash must be uint8, got {vector.dtype}")
        return vector
    vector = vector.astype(np.float32, copy=False)
    norm = float(np.sqrt(vector.dot(vector)))
    if not 0 < norm < np.inf:
        raise UsageError("the query vector must be finite and not zero")
    return vector / np.float32(norm)


def _stored_vector(store: Store, spec: EncoderSpec, id_: int, query: _Query) -> "NDArray[Any]":
    [record] = store.get([id_])
    if record is None:
        raise UsageError(f"there is no record with id {id_}")
    query.sha256 = record.sha256
    vector = store.vectors(spec.name, [id_]).get(id_)
    if vector is None:
        raise UsageError(
            f"record {id_} ({record.uri}) has no embedding of {spec.name} yet; "
            f"`lookalike index --encoder {spec.name} PATH` makes it"
        )
    if any(s.name == COPY_HASH for s in store.encoders()):
        query.copy_hash = store.vectors(COPY_HASH, [id_]).get(id_)
    return vector


def _text_vector(
    spec: EncoderSpec, text: str, query: _Query, load: Callable[[str], Encoder]
) -> "NDArray[Any]":
    if spec.kind == "hash" or not _card_says_text(spec.name):
        raise UsageError(f"{spec.name} does not understand words; search with a picture instead")
    encoder = load_checked(spec, load)
    started = time.perf_counter()
    notices: list[str] = []
    vector: NDArray[Any] = encoder.encode_texts([text], notices.append)[0]
    query.notices.extend(notices)
    query.encode_ms += (time.perf_counter() - started) * 1e3
    return vector


def _image_vector(
    store: Store, spec: EncoderSpec, value: Any, query: _Query, load: Callable[[str], Encoder]
) -> "NDArray[Any]":
    encoder = load_checked(spec, load)
    names = {s.name for s in store.encoders()}
    hasher = load(COPY_HASH) if COPY_HASH in names and spec.name != COPY_HASH else None
    needs = max(encoder.min_side, hasher.min_side if hasher else 0)
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
    store: Store,
    spec: EncoderSpec,
    terms: Sequence[Term],
    query: _Query,
    load: Callable[[str], Encoder],
) -> "NDArray[Any]":
    if spec.kind == "hash":
        raise UsageError(f"hashes cannot be added up: search {spec.name} with one picture")
    total = np.zeros(spec.size, np.float64)
    for term in terms:
        total += term.weight * _term_vector(store, spec, term, query, load)
    # A mixture is no picture: nothing can be identical to it or a copy of it.
    query.sha256 = query.copy_hash = None
    norm = float(np.linalg.norm(total))
    if norm < 1e-6:
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
        furthest = None if not threshold else 1.0 - threshold
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
    hits = []
    for neighbour, record in zip(neighbours, records, strict=True):
        if record is None:  # deleted by another thread between the two reads
            continue
        score = min(1.0, max(0.0, 1.0 - scale * neighbour.distance))
        verdict, reason = _verdict(query, record, hashes)
        hits.append(Hit(record, score, neighbour.distance, verdict, reason))
    return hits


def _verdict(
    query: _Query, record: Record, hashes: "dict[int, NDArray[Any]]"
) -> tuple[Verdict, str]:
    if query.sha256 is not None and query.sha256 == record.sha256:
        return Verdict.IDENTICAL, "same bytes"
    own = hashes.get(record.id)
    if own is not None and query.copy_hash is not None:
        distance = int(np.bitwise_count(query.copy_hash ^ own).sum())
        if distance <= COPY_RADIUS:
            return Verdict.COPY, f"pHash distance {distance}"
    return Verdict.SIMILAR, ""
