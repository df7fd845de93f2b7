"""The hashes of a collection in memory, read when first asked for and kept in step."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.stores.local import reading, trimming
from lookalike.stores.local.catalogue import Catalogue
from lookalike.stores.local.hamming import HammingTable, words_of
from lookalike.stores.local.roster import Member
from lookalike.stores.local.rows import in_chunks


class HashTables:
    """One table for each encoder of hashes."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._held: dict[str, tuple[int, HammingTable]] = {}

    def table(self, encoder: Member) -> HammingTable:
        """The encoder's hashes; a reader loads them again when they have changed."""
        name = encoder.spec.name
        writes = self._catalogue.writes() if self._catalogue.read_only else 0
        held = self._held.get(name)
        if held is None or held[0] != writes:
            with self._catalogue.lock:
                arrays = _arrays(self._catalogue.read(_both(encoder)), encoder)
                held = (writes, HammingTable(*arrays))
                self._held[name] = held
        return held[1]

    def distances(
        self, encoder: Member, query: NDArray[np.uint8], ids: Sequence[int]
    ) -> dict[int, float]:
        """Differing bits by id; absent ids are left out."""
        nearest: dict[int, float] = {}
        whole = reading.vectors(self._catalogue, encoder, ids)
        for found in (whole, trimming.read(self._catalogue, encoder, list(whole))):
            for key, own in found.items():
                bits = float(np.bitwise_count(own ^ query).sum())
                nearest[key] = min(bits, nearest.get(key, bits))
        return nearest

    def apply(self, encoder: Member, ids: Collection[int]) -> None:
        """Bring changed hashes to the table if it is in memory."""
        if encoder.spec.name not in self._held:
            return
        table = self._held[encoder.spec.name][1]
        table.remove(np.fromiter(ids, np.int64, len(ids)))
        for some in in_chunks(ids):
            marks = ",".join("?" * len(some))
            pairs = self._catalogue.read(_both(encoder, f"WHERE id IN ({marks})"), [*some, *some])
            if pairs:
                table.put(*_arrays(pairs, encoder))

    def forget(self) -> None:
        """Let go of tables that may lack something; they are read again when next used."""
        self._held.clear()


def _both(encoder: Member, condition: str = "") -> str:
    """The statement that reads ids and hashes, whole and trimmed, in order of id."""
    return (
        f"SELECT id, vector FROM {encoder.table} {condition} UNION ALL "  # noqa: S608
        f"SELECT id, hash FROM {encoder.trimmed_table} {condition} ORDER BY 1"
    )


def _arrays(
    pairs: Sequence[tuple[int, Any]], encoder: Member
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    ids = np.fromiter((key for key, _ in pairs), np.int64, len(pairs))
    hashes = np.frombuffer(b"".join([blob for _, blob in pairs]), np.uint8)
    return ids, words_of(hashes.reshape(len(pairs), encoder.spec.size // 8))
