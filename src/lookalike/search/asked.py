"""The terms of a query as each encoder understands them: embeddings, or one hash."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.arguments import record_ids
from lookalike.encoders import registry
from lookalike.encoders.base import Encoder, MeasuresQuality
from lookalike.encoders.matching import load_matching
from lookalike.encoders.templates import encode as encode_words
from lookalike.errors import UsageError
from lookalike.external import unit
from lookalike.imaging import trimmed
from lookalike.imaging.plain import is_plain
from lookalike.picture_input import PictureInput, ReadPicture, read_picture
from lookalike.records import EncoderSpec, Record
from lookalike.search.choose import length, reads_words
from lookalike.search.fingerprints import COPY_HASH, Fingerprints
from lookalike.search.terms import Term, array
from lookalike.search.verdicts import doubt
from lookalike.stores.base import QueryPart, Store

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image


@dataclass(slots=True)
class Asked:
    """What the terms of one query have been turned into."""

    tenant: str | None
    templates: tuple[str, ...] = ()
    parts: dict[str, list[QueryPart]] = field(default_factory=dict)
    """By encoder of embeddings: one for each term."""
    hashes: "dict[str, NDArray[np.uint8]]" = field(default_factory=dict)
    """By encoder of hashes."""
    fingerprints: Fingerprints = Fingerprints()  # noqa: RUF009 - frozen
    pictures: list[bytes] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    decode_ms: float = 0.0
    encode_ms: float = 0.0


def ask(
    store: Store,
    specs: Sequence[EncoderSpec],
    terms: Sequence[Term],
    tenant: str | None,
    templates: tuple[str, ...] = (),
) -> Asked:
    """Turn every term into what each of the encoders compares."""
    asked = Asked(tenant, templates)
    if len(terms) > 1 and any(spec.kind == "hash" for spec in specs):
        names = ", ".join(spec.name for spec in specs if spec.kind == "hash")
        raise UsageError(f"hashes cannot be added up: search {names} with one picture")
    for term in terms:
        for spec, vector in zip(specs, _vectors(store, specs, term, asked), strict=True):
            if spec.kind == "hash":
                asked.hashes[spec.name] = vector
            else:
                words, kept = term.kind == "text", term.kind == "id"
                part = QueryPart(vector, term.weight, text=words, projected=kept)
                asked.parts.setdefault(spec.name, []).append(part)
    if len(terms) > 1:
        # A mixture is no picture: nothing can be identical to it or a copy of it.
        asked.fingerprints = Fingerprints()
    return asked


def _vectors(
    store: Store, specs: Sequence[EncoderSpec], term: Term, asked: Asked
) -> "list[NDArray[Any]]":
    match term.kind:
        case "vector":
            return [_given_vector(spec, term.value) for spec in specs]
        case "id":
            return _stored_vectors(store, specs, term.value, asked)
        case "text":
            return [_text_vector(spec, term.value, asked) for spec in specs]
        case "image":
            return _image_vectors(store, specs, term.value, asked)


def _given_vector(spec: EncoderSpec, value: Any) -> "NDArray[Any]":
    vector = array(value)
    if vector.shape != (length(spec),):
        raise UsageError(
            f"the query vector has shape {vector.shape}, but {spec.name} needs ({length(spec)},)"
        )
    if spec.kind == "embedding":
        return unit(vector)
    if vector.dtype != np.uint8:
        raise UsageError(f"a query hash must be uint8, got {vector.dtype}")
    return vector


def visible(store: Store, id_: Any, tenant: str | None) -> Record:
    """The record of an id that a query names.

    Raises:
        UsageError: there is none, or it is another tenant's, which must look the same.
    """
    record = next(iter(store.get(record_ids([id_]))), None)
    if record is None or tenant not in {None, record.tenant}:
        raise UsageError(f"there is no record with id {id_}")
    return record


def _stored_vectors(
    store: Store, specs: Sequence[EncoderSpec], id_: Any, asked: Asked
) -> "list[NDArray[Any]]":
    record = visible(store, id_, asked.tenant)
    vectors = []
    for spec in specs:
        vector = store.compared(spec.name, [record.id]).get(record.id)
        if vector is None:
            raise UsageError(f"record {id_} ({record.uri}) has no vector of {spec.name}")
        vectors.append(vector)
        for quality in store.qualities(spec.name, [record.id]).values():
            asked.notices += doubt(spec.name, quality)
    hashed = any(s.name == COPY_HASH for s in store.encoders())
    asked.fingerprints = Fingerprints(
        record.sha256,
        record.width,
        record.height,
        known_pixels=record.pixels,
        whole=store.vectors(COPY_HASH, [record.id]).get(record.id) if hashed else None,
        trimmed=store.trimmed(COPY_HASH, [record.id]).get(record.id) if hashed else None,
        border=record.border,
        record=record,
    )
    return vectors


def _text_vector(spec: EncoderSpec, text: str, asked: Asked) -> "NDArray[Any]":
    if not reads_words(spec.name):
        raise UsageError(f"{spec.name} does not understand words; search with a picture instead")
    encoder = load_matching(spec)
    started = time.perf_counter()
    vector = encode_words(encoder, text, asked.templates, asked.notices.append)
    asked.encode_ms += (time.perf_counter() - started) * 1e3
    return vector


def _image_vectors(
    store: Store, specs: Sequence[EncoderSpec], value: Any, asked: Asked
) -> "list[NDArray[Any]]":
    encoders = [load_matching(spec) for spec in specs]
    ours = {s.name for s in store.encoders()}.intersection(registry.names())
    # The size at which the collection's pictures were decoded, so that the same file gives the
    # same embedding.
    needs = max(registry.card(name).min_side for name in ours)
    started = time.perf_counter()
    picture = read_picture(PictureInput.of(value), min_side=needs)
    decoded = time.perf_counter()
    vectors = [_image_vector(encoder, picture.image, asked) for encoder in encoders]
    asked.fingerprints = _fingerprints(picture, hashed=COPY_HASH in ours)
    asked.decode_ms += (decoded - started) * 1e3
    asked.encode_ms += (time.perf_counter() - decoded) * 1e3
    asked.pictures.append(picture.data)
    return vectors


def _fingerprints(picture: ReadPicture, *, hashed: bool) -> Fingerprints:
    """Digests of a query's picture, and its copy hashes if the collection has those."""
    whole = (picture.width, picture.height) == picture.image.size
    inside = trimmed(picture.image) if hashed else None
    hashes: NDArray[Any] | None = None
    if hashed:
        images = [picture.image] if inside is None else [picture.image, inside.image]
        hashes = registry.load(COPY_HASH).encode_images(images)
    return Fingerprints(
        picture.sha256,
        picture.width,
        picture.height,
        whole=None if hashes is None else hashes[0],
        trimmed=None if hashes is None or inside is None else hashes[1],
        border=None if inside is None else inside.border,
        image=picture.image if whole else None,
        plain=hashed and is_plain(picture.image if inside is None else inside.image),
        data=picture.data,
    )


def _image_vector(encoder: Encoder, image: "Image", asked: Asked) -> "NDArray[Any]":
    prepared = [encoder.prepare(image)]
    vectors: NDArray[Any]
    if isinstance(encoder, MeasuresQuality):
        vectors, qualities = encoder.encode_prepared_with_quality(prepared)
        asked.notices += doubt(encoder.spec.name, int(qualities[0]))
    else:
        vectors = encoder.encode_prepared(prepared)
    row: NDArray[Any] = vectors[0]
    return row
