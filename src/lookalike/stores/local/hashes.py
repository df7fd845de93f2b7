"""The hashes of a collection in memory, read when first asked for and kept in step."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.stores.local import reading
from lookalike.stores.local.catalogue import Catalogue
from lookalike.stores.local.hamming import HammingTable, words_of
from lookalike.stores.local.roster import Member


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
                statement = f"SELECT id, vector FROM {encoder.table} ORDER BY id"  # noqa: S608
                arrays = _arrays(self._catalogue.read(statement), encoder)
                held = (writes, HammingTable(*arrays))
                self._held[name] = held
        return held[1]

    def distances(
        self, encoder: Member, query: NDArray[np.uint8], ids: Sequence[int]
    ) -> dict[int, float]:
        """Differing bits by id; absent ids are left out."""
        found = reading.vectors(self._catalogue, encoder, ids)
        if not found:
            return {}
        bits = np.bitwise_count(np.stack(list(found.values())) ^ query)
        return dict(
            zip(found, bits.sum(axis=1, dtype=np.int64).astype(float).tolist(), strict=True)
        )

    def apply(self, encoder: Member, hashes: Mapping[int, bytes | None]) -> None:
        """Bring changed hashes, None for deleted ones, to the table if it is in memory."""
        if encoder.spec.name not in self._held:
            return
        table = self._held[encoder.spec.name][1]
        gone = [key for key, blob in hashes.items() if blob is None]
        if gone:
            table.remove(np.array(gone, np.int64))
        kept = [(key, blob) for key, blob in hashes.items() if blob is not None]
        if kept:
            table.put(*_arrays(kept, encoder))

    def forget(self) -> None:
        """Let go of tables that may lack something; they are read again when next used."""
        self._held.clear()


def _arrays(
    pairs: Sequence[tuple[int, Any]], encoder: Member
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    ids = np.fromiter((key for key, _ in pairs), np.int64, len(pairs))
    hashes = np.frombuffer(b"".join([blob for _, blob in pairs]), np.uint8)
    return ids, words_of(hashes.reshape(len(pairs), encoder.spec.size // 8))
