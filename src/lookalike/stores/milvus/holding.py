"""What of a Milvus store keeps and reads records, without searching."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.filters import Filter
from lookalike.records import Attributes, Decision, Record, Skipped
from lookalike.stores.base import Digest, Entry
from lookalike.stores.milvus import keeping, reading, recovering, vectors, writing
from lookalike.stores.milvus.layout import identifier
from lookalike.stores.milvus.rows import has_of, record_of
from lookalike.stores.milvus.state import State


class Holding:
    """The part of a `MilvusStore` that keeps records."""

    _state: State

    # Writing

    def upsert(self, entries: Sequence[Entry]) -> list[int]:
        """Insert or update records with their vectors; returns their ids in order."""
        self._begin()
        return writing.upsert(self._state, entries)

    def update_attributes(self, changes: Mapping[int, Attributes]) -> None:
        """Replace the attributes of records by id; NotFoundError when an id is not there."""
        self._state.need_writable()
        with self._state.claims.of(changes):
            writing.update_attributes(self._state, changes)

    def move(self, moves: Mapping[int, Entry]) -> None:
        """Give records another uri, tenant, size and modified_ns; vectors and id stay."""
        self._state.need_writable()
        with self._state.claims.of(moves):
            writing.move(self._state, moves)

    def delete(self, ids: Sequence[int]) -> int:
        """Delete records by id; returns how many were there."""
        self._begin()
        with self._state.claims.of(ids):
            return writing.delete(self._state, ids)

    def set_pixels(self, digests: Mapping[bytes, bytes]) -> None:
        """Keep digests of pixels, by the SHA-256 of the files that they were decoded from."""
        self._state.need_writable()
        writing.set_pixels(self._state, digests)

    def set_setting(self, key: str, value: Any | None) -> None:
        """Keep a value that JSON can hold, or forget it with None."""
        self._state.need_writable()
        keeping.set_setting(self._state, key, value)

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Keep what was decided about pairs of records; a pair's last decision counts."""
        self._state.need_writable()
        keeping.decide(self._state, decisions)

    def forget_decisions(self, decisions: Sequence[Decision]) -> None:
        """Forget what was decided about these pairs."""
        self._state.need_writable()
        keeping.forget_decisions(self._state, decisions)

    def skip(self, files: Sequence[Skipped]) -> None:
        """Remember files that were not added; forgotten with the record that they duplicate."""
        self._state.need_writable()
        keeping.skip(self._state, files)

    def _begin(self) -> None:
        """See that vectors can be changed, and let others know that they are."""
        self._state.need_writable()
        if self._state.presence.begin():
            recovering.take_out(self._state)

    # Reading

    def get(self, ids: Sequence[int]) -> list[Record | None]:
        """Records by id, in order; None where there is none."""
        found = reading.by_id(self._state, set(ids))
        records = {key: record_of(row) for key, row in found.items()}
        return [records.get(key) for key in ids]

    def find(self, uris: Sequence[str], tenant: str = "") -> dict[str, Record]:
        """Records by uri within one tenant."""
        found = reading.by_uri(self._state, uris, tenant)
        return {uri: record_of(row) for uri, row in found.items()}

    def find_digests(
        self,
        digests: Sequence[bytes],
        tenant: str | None = "",
        after: int = -1,
        limit: int | None = None,
        *,
        kind: Digest = "sha256",
    ) -> dict[bytes, list[Record]]:
        """Records by a digest within one tenant, in order of id, at most `limit` for each."""
        return reading.find_digests(self._state, digests, tenant, after, limit, kind)

    def scan(
        self, where: Filter | None = None, after: int = -1, limit: int | None = None
    ) -> Iterator[Record]:
        """Records in order of id, those with id > `after`; safe while the store is written to."""
        return reading.scan(self._state, where, after, limit)

    def count(self, where: Filter | None = None) -> int:
        """How many records."""
        return reading.count(self._state, where)

    def missing(
        self, encoder: str, after: int = -1, limit: int = 1024, *, files_only: bool = False
    ) -> list[Record]:
        """Records that have no vector for that encoder, in order of id, those with id > `after`."""
        one = self._state.member(encoder)
        return reading.missing(self._state, one, after, limit, files_only)

    def vectors(self, encoder: str, ids: Sequence[int]) -> dict[int, NDArray[Any]]:
        """Stored vectors by id: (dim,) float32 or (bits/8,) uint8; absent ids are left out."""
        return vectors.read(self._state, self._state.member(encoder), ids)

    def compared(self, encoder: str, ids: Sequence[int]) -> dict[int, NDArray[Any]]:
        """Vectors by id as they are compared: projected ones where there is a projection."""
        return vectors.compared(self._state, self._state.member(encoder), ids)

    def all_vectors(self, encoder: str) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
        """All stored vectors in chunks of ids (n,) and vectors (n, size), in order of id.

        Servers keep no moment for a reader: a change of a record not yet reached is seen.
        """
        return vectors.every(self._state, self._state.member(encoder))

    def trimmed(self, encoder: str, ids: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
        """Hashes of pictures without their borders, by id; absent ids are left out."""
        one = self._state.member(encoder)
        return vectors.trimmed(self._state, one, ids) if one.is_hash else {}

    def qualities(self, encoder: str, ids: Sequence[int]) -> dict[int, int]:
        """Qualities of stored hashes by id, 0..100; absent ids are left out."""
        called = identifier(self._state.member(encoder).spec.name)
        found = reading.by_id(self._state, set(ids))
        known = {key: has_of(row).get(called, -1) for key, row in found.items()}
        return {key: quality for key, quality in known.items() if quality >= 0}

    def setting(self, key: str) -> Any | None:
        """A value that was kept with the collection; None when there is none."""
        return keeping.setting(self._state, key)

    def settings(self) -> dict[str, Any]:
        """All values that were kept with the collection, by key."""
        return keeping.settings(self._state)

    def decisions(self) -> list[Decision]:
        """All that was decided, in order of ids."""
        return keeping.decisions(self._state)

    def skipped(self, uris: Sequence[str], tenant: str = "") -> dict[str, Skipped]:
        """Files of one tenant that were not added, by uri."""
        return keeping.skipped(self._state, uris, tenant)

    def all_skipped(self) -> Iterator[Skipped]:
        """Files that were not added, of every tenant, in any order."""
        return keeping.all_skipped(self._state)
