"""Tuning: draw queries, find the true answers, measure, choose, and keep what was chosen."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lookalike.errors import UsageError
from lookalike.indexes import AUTO, IndexSpec, check
from lookalike.records import EncoderSpec
from lookalike.search.choose import find, reads_words
from lookalike.stores.base import Entry, Progress, Store
from lookalike.tuning import exact, queries
from lookalike.tuning.advice import advice
from lookalike.tuning.measure import measure
from lookalike.tuning.queries import Queries
from lookalike.tuning.results import Asked, Tried, Tuning

_ROWS = 1000
_TRIED = "tried"
"""The encoder of the store that other indexes are tried in."""


def tune(
    store: Store,
    *,
    encoder: str | None = None,
    recall: float = 0.95,
    limit: int = 10,
    count: int = 200,
    words: Path | None = None,
    words_from: str | None = None,
    others: Sequence[IndexSpec] = (),
    sample: int = 50_000,
    memory: int | None = None,
    apply: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> Tuning:
    """Measure an index, and set the search parameters of a wished recall; see `Collection.tune`."""
    _check_numbers(recall, limit, count, sample, memory)
    spec = _encoder(store, encoder)
    for other in others:
        check(other, store.place, store.version, dimensions=_dimensions(store, spec), binary=False)
        if other.kind == AUTO:
            raise UsageError("auto is what to choose: name the kinds of index to try")
    texts = _texts(store, spec, words, words_from, count, seed)
    asked = [queries.of_pictures(store, spec.name, count, seed, progress)]
    if texts:
        asked.append(queries.of_words(store, spec, texts, progress))
    index = store.index(spec.name)
    steps, chosen = measure(
        store,
        spec.name,
        [(one, exact.nearest(store, spec.name, one, limit, progress)) for one in asked],
        limit,
        recall=recall,
        progress=progress,
    )
    current = Tried(index, queries.held(store, spec.name), steps, chosen)
    tried = _others(store, spec, others, sample, asked, limit, recall, seed, progress)
    if apply and chosen is not None:
        store.set_index(spec.name, index.with_search(chosen.search), progress)
    counts: dict[Asked, int] = {one.asked: len(one) for one in asked}
    result = Tuning(spec.name, limit, recall, counts, current, tuple(tried))
    notices = advice(
        result,
        store.place,
        store.version,
        dimensions=_dimensions(store, spec),
        words=reads_words(spec.name),
        memory=memory,
    )
    return replace(result, advice=tuple(notices), applied=apply and chosen is not None)


def _check_numbers(recall: float, limit: int, count: int, sample: int, memory: int | None) -> None:
    if not 0 < recall <= 1:
        raise UsageError(f"a recall is above 0 and at most 1, got {recall:g}")
    for name, value, least in (("limit", limit, 1), ("count", count, 10), ("sample", sample, 1000)):
        if value < least:
            raise UsageError(f"{name} is at least {least:,}, got {value:,}")
    if memory is not None and memory <= 0:
        raise UsageError(f"memory is a number of bytes above 0, got {memory:,}")


def _encoder(store: Store, name: str | None) -> EncoderSpec:
    """The encoder of that name, or the one that understands words, or the first embedding."""
    if name is not None:
        spec = find(store.encoders(), name)
        if spec.kind != "embedding":
            raise UsageError(f"{spec.name} makes hashes, which are searched exactly")
        return spec
    embeddings = [spec for spec in store.encoders() if spec.kind == "embedding"]
    if not embeddings:
        raise UsageError("the collection has no embeddings: hashes are searched exactly")
    return next((spec for spec in embeddings if reads_words(spec.name)), embeddings[0])


def _dimensions(store: Store, spec: EncoderSpec) -> int:
    projection = store.projection(spec.name)
    return spec.size if projection is None else projection.size


def _texts(
    store: Store,
    spec: EncoderSpec,
    words: Path | None,
    words_from: str | None,
    count: int,
    seed: int,
) -> list[str]:
    if words is not None and words_from is not None:
        raise UsageError("words come from a file or from an attribute: give one of them")
    if words is None and words_from is None:
        return []
    if not reads_words(spec.name):
        raise UsageError(f"{spec.name} does not understand words: give pictures alone")
    if words is not None:
        return queries.texts_of_file(words, count, seed)
    assert words_from is not None
    return queries.texts_of_attribute(store, words_from, count, seed)


def _others(
    store: Store,
    spec: EncoderSpec,
    others: Sequence[IndexSpec],
    sample: int,
    asked: Sequence[Queries],
    limit: int,
    recall: float,
    seed: int,
    progress: Progress | None,
) -> list[Tried]:
    """Other indexes on a copy of a sample of the vectors, and the truth among those."""
    if not others:
        return []
    ids, vectors = queries.drawn(store, spec.name, sample, seed + 1, progress)
    size = vectors.shape[1]
    tried = []
    with store.aside() as copy:
        copy.add_encoder(EncoderSpec(_TRIED, "embedding", size, ""), None, IndexSpec("FLAT"))
        for start in range(0, len(ids), _ROWS):
            part = slice(start, start + _ROWS)
            some = zip(ids[part].tolist(), vectors[part], strict=True)
            copy.upsert([Entry(str(key), id=key, vectors={_TRIED: row}) for key, row in some])
            if progress is not None:
                progress("copy a sample", min(start + _ROWS, len(ids)), len(ids))
        copy.optimize(progress)
        truths = [(one, exact.nearest(copy, _TRIED, one, limit, progress)) for one in asked]
        for other in others:
            started = time.monotonic()
            index = copy.set_index(_TRIED, other, progress)
            seconds = time.monotonic() - started
            steps, chosen = measure(copy, _TRIED, truths, limit, recall=recall, progress=progress)
            tried.append(Tried(index, len(ids), steps, chosen, seconds))
    return tried
