"""Pictures of a dataset into embeddings, except for those known from earlier runs."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder
from lookalike.errors import PictureError
from lookalike.evaluation.cache import EmbeddingCache
from lookalike.imaging import decode
from lookalike.processors import processors
from lookalike.sources.base import Item
from lookalike.sources.file import reason
from lookalike.stores.base import Progress

BATCH = 16
"""Pictures encoded and kept together."""

CHECK_SIDE = 64
"""Pixels of the shorter side that are enough to find out whether a picture can be decoded."""

Given = TypeVar("Given")
Made = TypeVar("Made")


def digests(
    items: Sequence[Item], *, cache: EmbeddingCache | None, progress: Progress | None = None
) -> tuple[list[bytes], dict[int, str]]:
    """The SHA-256 of each picture, and why by row for those that cannot be read or decoded.

    A picture that the cache knows has been decoded before, and is not decoded again.
    """
    found: list[bytes] = []
    broken: dict[int, str] = {}
    known: Callable[[bytes], bool] = lambda digest: bool(cache and cache.decoded([digest]))  # noqa: E731
    for done, (digest, why) in enumerate(_ahead(partial(_look, known), items), 1):
        if why:
            broken[done - 1] = why
        found.append(digest)
        if progress:
            progress("reading", done, len(items))
    return found, broken


def _look(known: Callable[[bytes], bool], item: Item) -> tuple[bytes, str]:
    try:
        data = item.read()
        digest = hashlib.sha256(data).digest()
        if not known(digest):
            decode(data, min_side=CHECK_SIDE)
    except PictureError as error:
        return b"", str(error)
    except OSError as error:
        return b"", reason(error)
    return digest, ""


def encode(
    encoder: Encoder,
    items: Sequence[Item],
    sha256: Sequence[bytes],
    *,
    cache: EmbeddingCache | None,
    progress: Progress | None = None,
) -> NDArray[Any]:
    """Encode pictures that `digests` could read: (n, dim) float32 or (n, bits/8) uint8.

    Raises:
        PictureError: a picture has become unreadable since; the message names it.
    """
    vectors = {} if cache is None else cache.get(encoder, sha256)
    missing = {digest: item for digest, item in zip(sha256, items, strict=True)
               if digest not in vectors}  # fmt: skip
    stage, done = f"encoding by {encoder.spec.name}", len(sha256) - len(missing)
    batch: dict[bytes, NDArray[Any]] = {}
    for digest, prepared in zip(
        missing, _ahead(partial(_prepare, encoder), missing.values()), strict=True
    ):
        batch[digest] = prepared
        if len(batch) == BATCH or done + len(batch) == len(sha256):
            rows = dict(zip(batch, encoder.encode_prepared(list(batch.values())), strict=True))
            vectors.update(rows)
            if cache is not None:
                cache.put(encoder, rows)
            done += len(batch)
            batch = {}
        if progress:
            progress(stage, done, len(sha256))
    return np.stack([vectors[digest] for digest in sha256])


def _prepare(encoder: Encoder, item: Item) -> NDArray[Any]:
    try:
        return encoder.prepare(decode(item.read(), min_side=encoder.min_side).image)
    except PictureError as error:
        raise PictureError(f"{item.uri}: {error}") from error
    except OSError as error:
        raise PictureError(f"{item.uri}: {reason(error)}") from error


def _ahead(function: Callable[[Given], Made], given: Iterable[Given]) -> Iterator[Made]:
    """Like `map`, on threads, a few results ahead of whoever takes them."""
    with ThreadPoolExecutor(processors(), thread_name_prefix="evaluate") as pool:
        waiting: list[Future[Made]] = []
        try:
            for one in given:
                waiting.append(pool.submit(function, one))
                if len(waiting) >= 2 * BATCH:
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()
