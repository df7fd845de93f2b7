"""What to search with: vectors of the collection itself, and words."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.matching import load_matching
from lookalike.encoders.templates import encode
from lookalike.errors import NotFoundError, UsageError
from lookalike.records import EncoderSpec
from lookalike.search.choose import reads_words
from lookalike.stores.base import Progress, QueryPart, Store
from lookalike.stores.space import Space
from lookalike.tuning.results import Asked

_LONGEST_FILE = 64 * 2**20
NOBODY = -1
"""In place of the id of a query's own record, for those that have none."""


@dataclass(frozen=True, slots=True, eq=False)
class Queries:
    """Queries of one kind: (n, size) float32 as they are compared.

    `own` (n,) are the records that they were taken from, which are left out of the answers.
    """

    asked: Asked
    vectors: NDArray[np.float32]
    own: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.own)


def compared(store: Store, encoder: str) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """All vectors as they are compared, in chunks of ids (n,) and vectors (n, size)."""
    projection = store.projection(encoder)
    for ids, raw in store.all_vectors(encoder):
        yield ids, raw.astype(np.float32) if projection is None else projection.project(raw)


def drawn(
    store: Store, encoder: str, count: int, seed: int, progress: Progress | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Up to `count` vectors at random, each as likely as any other: ids (n,), vectors (n, size).

    One pass over what is stored (Vitter, 1985, "Random sampling with a reservoir", algorithm R,
    by random keys).
    """
    generator = np.random.default_rng(seed)
    ids = np.empty(0, np.int64)
    keys = np.empty(0)
    vectors: NDArray[np.float32] | None = None
    total = held(store, encoder)
    done = 0
    for some, rows in compared(store, encoder):
        keys = np.concatenate([keys, generator.random(len(some))])
        ids = np.concatenate([ids, some])
        vectors = rows if vectors is None else np.concatenate([vectors, rows])
        if len(ids) > count:
            kept = np.sort(np.argpartition(keys, count)[:count])
            ids, keys, vectors = ids[kept], keys[kept], vectors[kept]
        done += len(some)
        if progress is not None:
            progress("draw queries", done, total)
    if vectors is None:
        raise UsageError(f"{encoder} has no vectors yet: there is nothing to tune")
    return ids, vectors


def held(store: Store, encoder: str) -> int:
    """How many vectors an encoder has."""
    return next(one.vectors for one in store.stats().encoders if one.spec.name == encoder)


def of_pictures(
    store: Store, encoder: str, count: int, seed: int, progress: Progress | None = None
) -> Queries:
    """Stored vectors at random, as pictures to search with."""
    ids, vectors = drawn(store, encoder, count, seed, progress)
    return Queries("pictures", vectors, ids)


def of_words(
    store: Store,
    spec: EncoderSpec,
    texts: Sequence[str],
    progress: Progress | None = None,
) -> Queries:
    """Texts as embeddings, as `search` makes them.

    Raises:
        UsageError: the encoder does not understand words.
        WeightsError: its text tower cannot be had.
    """
    if not reads_words(spec.name):
        raise UsageError(f"{spec.name} does not understand words: leave --words out")
    encoder = load_matching(spec)
    space = Space(spec, store.projection(spec.name))
    rows = []
    for done, text in enumerate(texts, 1):
        vector = encode(encoder, text, (), lambda _: None)
        rows.append(space.query([QueryPart(vector, text=True)]))
        if progress is not None:
            progress("embed words", done, len(texts))
    return Queries("words", np.stack(rows), np.full(len(rows), NOBODY))


def texts_of_file(path: Path, count: int, seed: int) -> list[str]:
    """Texts at random of a file: a line each, or the column text or caption of a table.

    Tables end in .csv or .tsv and have a row of names.

    Raises:
        NotFoundError: the file is not there.
        UsageError: it holds no text, or is too large.
    """
    if not path.is_file():
        raise NotFoundError(f"there is no file {path}")
    if path.stat().st_size > _LONGEST_FILE:
        raise UsageError(f"{path} has more than {_LONGEST_FILE // 2**20} MiB: give fewer words")
    content = path.read_text("utf-8", errors="replace")
    suffix = path.suffix.lower()
    lines: Iterable[str] = content.splitlines()
    if suffix in {".csv", ".tsv"}:
        rows = csv.DictReader(lines, delimiter="," if suffix == ".csv" else "\t")
        named = [name for name in rows.fieldnames or () if name.lower() in {"text", "caption"}]
        if not named:
            raise UsageError(f"{path} has no column text or caption")
        lines = (row[named[0]] or "" for row in rows)
    return _some({line.strip(): None for line in lines if line.strip()}, count, seed, str(path))


def texts_of_attribute(store: Store, name: str, count: int, seed: int) -> list[str]:
    """Texts at random that the records have as an attribute.

    Raises:
        UsageError: no record has a text there.
    """
    found: dict[str, None] = {}
    for record in store.scan():
        value = record.attributes.get(name)
        for text in value if isinstance(value, list | tuple) else [value]:
            if isinstance(text, str) and text.strip():
                found[text.strip()] = None
    return _some(found, count, seed, f"the attribute {name}")


def _some(texts: dict[str, None], count: int, seed: int, place: str) -> list[str]:
    if not texts:
        raise UsageError(f"there is no text in {place} to search with")
    every = list(texts)
    chosen = np.random.default_rng(seed).permutation(len(every))[:count]
    return [every[place] for place in sorted(chosen.tolist())]
