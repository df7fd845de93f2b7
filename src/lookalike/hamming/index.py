"""The index: hashes with ids, searched exactly within a radius."""

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import StoreError, UsageError

Ids = NDArray[np.int64]
Hashes = NDArray[np.uint8]
Keep = Callable[[Ids], NDArray[np.bool_]]
Pairs = tuple[Ids, Ids, NDArray[np.uint16]]

_MAGIC = b"LKHAM"
_ROWS = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """An answer: (n,) int64 ids and their (n,) uint16 distances in bits, nearest first."""

    ids: Ids
    distances: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.ids)


class HammingIndex:
    """Hashes of one width with int64 ids; an id may have several hashes."""

    def __init__(self, hashes: Hashes, ids: Ids) -> None:
        """Use `build` or `open`."""
        self._hashes, self._ids = hashes, ids

    @classmethod
    def build(cls, hashes: Hashes, ids: Ids | None = None) -> "HammingIndex":
        """An index of (n, bits/8) uint8 hashes; without ids they are numbered from 0."""
        if hashes.ndim != 2 or hashes.dtype != np.uint8:
            raise UsageError(f"Hashes are (n, bits/8) uint8, not {hashes.dtype} {hashes.shape}.")
        ids = np.arange(len(hashes), dtype=np.int64) if ids is None else np.asarray(ids, np.int64)
        return cls(hashes.copy(), ids.copy())

    @property
    def bits(self) -> int:
        """Bits of a hash."""
        return self._hashes.shape[1] * 8

    def __len__(self) -> int:
        return len(self._ids)

    def within(
        self, query: Hashes, radius: int, *, limit: int | None = None, keep: Keep | None = None
    ) -> Found:
        """The ids with a hash within `radius` bits, nearest first, ties by id, each id once."""
        bits = np.bitwise_count(self._hashes ^ query).sum(axis=1, dtype=np.uint16)
        rows = np.flatnonzero(bits <= radius)
        ids, bits = self._ids[rows], bits[rows]
        order = np.lexsort((ids, bits))
        ids, bits = ids[order], bits[order]
        _, first = np.unique(ids, return_index=True)
        first.sort()
        ids, bits = ids[first], bits[first]
        if keep is not None:
            kept = keep(ids)
            ids, bits = ids[kept], bits[kept]
        return Found(ids[:limit], bits[:limit])

    def add(self, hashes: Hashes, ids: Ids) -> None:
        """Add hashes; an id that is there gets one more."""
        self._hashes = np.concatenate([self._hashes, hashes])
        self._ids = np.concatenate([self._ids, ids])

    def remove(self, ids: Ids) -> None:
        """Forget all hashes of these ids; those not there are passed over."""
        kept = ~np.isin(self._ids, ids)
        self._hashes, self._ids = self._hashes[kept], self._ids[kept]

    def pairs(self, radius: int) -> Iterator[Pairs]:
        """Pairs of ids a < b whose hashes are within `radius` bits, in chunks.

        Of equal hashes each is paired with one of them only, the smallest id, and only that one
        with other hashes: groups made of the pairs are those of all pairs.
        """
        if not len(self._ids):
            return
        order = np.lexsort((self._ids, *self._hashes.T))
        hashes, ids = self._hashes[order], self._ids[order]
        new = np.r_[True, (hashes[1:] != hashes[:-1]).any(axis=1)]
        heads = np.flatnonzero(new)
        first = np.repeat(heads, np.diff(np.r_[heads, len(ids)]))
        others = np.flatnonzero(~new)
        yield _ordered(ids[first[others]], ids[others], np.zeros(len(others), np.uint16))
        hashes, ids = hashes[heads], ids[heads]
        for start in range(0, len(ids), _ROWS):
            bits = np.bitwise_count(hashes[start : start + _ROWS, None] ^ hashes[None, start:])
            distances = bits.sum(axis=2, dtype=np.uint16)
            a, b = np.nonzero(distances <= radius)
            ahead = b > a
            a, b = a[ahead], b[ahead]
            yield _ordered(ids[start + a], ids[start + b], distances[a, b])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the index to a file, whole or not at all."""
        buffer = io.BytesIO()
        np.save(buffer, self._hashes, allow_pickle=False)
        np.save(buffer, self._ids, allow_pickle=False)
        part = Path(f"{os.fspath(path)}.part")
        part.write_bytes(_MAGIC + buffer.getvalue())
        part.replace(path)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> "HammingIndex":
        """An index from its file.

        Raises:
            StoreError: the file is not an index, or damaged.
        """
        data = Path(path).read_bytes()
        if not data.startswith(_MAGIC):
            raise StoreError(f"{path} is not a Hamming index: build it again.")
        buffer = io.BytesIO(data[len(_MAGIC) :])
        try:
            return cls(
                np.load(buffer, allow_pickle=False).copy(),
                np.load(buffer, allow_pickle=False).copy(),
            )
        except (ValueError, EOFError) as error:
            raise StoreError(f"{path} is damaged: build it again.") from error


def _ordered(a: Ids, b: Ids, distances: NDArray[np.uint16]) -> Pairs:
    apart = a != b
    low, high = np.minimum(a, b)[apart], np.maximum(a, b)[apart]
    return low, high, distances[apart]
