"""Exact Hamming search: every hash in one array, compared with XOR and a population count."""

import numpy as np
from numpy.typing import NDArray

from lookalike.stores.base import Neighbour

_CHUNK = 1 << 16

Ids = NDArray[np.int64]
Words = NDArray[np.uint64]


class HammingTable:
    """The hashes of one encoder in memory, in order of id.

    One thread may write while others search: a search works on the arrays as they were when it
    began, and a change replaces them or writes behind their end.
    """

    def __init__(self, ids: Ids, words: Words) -> None:
        """`ids` (n,) in ascending order, which may repeat; `words` (n, k), see `words_of`."""
        self._state = (ids, words, len(ids))

    def __len__(self) -> int:
        return self._state[2]

    def put(self, ids: Ids, words: Words) -> None:
        """Insert or replace; `ids` in any order."""
        order = np.argsort(ids, kind="stable")
        ids, words = ids[order], words[order]
        old_ids, old_words, length = self._state
        if length and len(ids) and ids[0] <= old_ids[length - 1]:
            keep = ~np.isin(old_ids[:length], ids)
            merged = np.concatenate([old_ids[:length][keep], ids])
            order = np.argsort(merged, kind="stable")
            all_words = np.concatenate([old_words[:length][keep], words])
            self._state = (merged[order], all_words[order], len(merged))
            return
        end = length + len(ids)
        if end > len(old_ids):
            room = max(end * 3 // 2, 1024) - length
            old_ids = np.concatenate([old_ids[:length], np.empty(room, np.int64)])
            blank = np.empty((room, words.shape[1]), np.uint64)
            old_words = np.concatenate([old_words[:length], blank])
        old_ids[length:end] = ids
        old_words[length:end] = words
        self._state = (old_ids, old_words, end)

    def remove(self, ids: Ids) -> None:
        """Forget some ids; those not there are passed over."""
        old_ids, old_words, length = self._state
        keep = ~np.isin(old_ids[:length], ids)
        kept = old_ids[:length][keep]
        self._state = (kept, old_words[:length][keep], len(kept))

    def within(self, query: Words, radius: int, among: Ids | None = None) -> list[Neighbour]:
        """All hashes within `radius` bits of the (k,) query, nearest first, ties by id.

        `among` keeps only these ids.
        """
        ids, words, length = self._state
        near: list[Ids] = []
        distances: list[NDArray[np.uint16]] = []
        for start in range(0, length, _CHUNK):
            bits = np.bitwise_count(words[start : min(start + _CHUNK, length)] ^ query)
            distance = bits.sum(axis=1, dtype=np.uint16)
            rows = np.flatnonzero(distance <= radius)
            near.append(ids[start + rows])
            distances.append(distance[rows])
        if not near:
            return []
        found, distance = np.concatenate(near), np.concatenate(distances)
        if among is not None:
            keep = np.isin(found, among)
            found, distance = found[keep], distance[keep]
        order = np.lexsort((found, distance))
        # Of an id that is there twice, the nearer one.
        order = order[np.sort(np.unique(found[order], return_index=True)[1])]
        return list(map(Neighbour, found[order].tolist(), distance[order].astype(float).tolist()))


def words_of(hashes: NDArray[np.uint8]) -> Words:
    """(n, bytes) hashes as (n, ⌈bytes / 8⌉) words, padded with zero bits."""
    count, width = hashes.shape
    padded = np.zeros((count, -(-width // 8) * 8), np.uint8)
    padded[:, :width] = hashes
    return padded.view(np.uint64)
