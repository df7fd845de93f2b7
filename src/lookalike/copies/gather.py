"""The candidates of one search, and the evidence on each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lookalike.copies import digests
from lookalike.copies.chosen import Chosen
from lookalike.copies.descriptor import Looked, any_side, looked, stored
from lookalike.copies.effort import Reach
from lookalike.copies.evidence import Evidence
from lookalike.copies.hashing import Hashes, hashes_of
from lookalike.copies.looks import groups
from lookalike.copies.picture import QueryPicture
from lookalike.copies.steps import Steps
from lookalike.records import Record
from lookalike.search.fingerprints import COPY_HASH
from lookalike.stores.base import Store

if TYPE_CHECKING:
    from lookalike.encoders.base import Encoder
    from lookalike.filters import Filter


class Gathering:
    """Everything found out about one query, before anything is proved.

    Candidates come from every step; then all of them are measured by everything, so that one that
    only its hash found has its cosine, too.
    """

    def __init__(
        self,
        store: Store,
        query: QueryPicture,
        chosen: Chosen,
        wanted: Reach,
        steps: Steps,
        *,
        limit: int,
        where: "Filter | None",
        tenant: str | None,
    ) -> None:
        self._store = store
        self._query = query
        self._chosen = chosen
        self._wanted = wanted
        self._steps = steps
        self._limit = limit
        self._where = where
        self._tenant = tenant
        self._ids: set[int] = set()

    def evidence(self) -> dict[int, tuple[Record, Evidence]]:
        """The evidence on each candidate by id, with its record."""
        with self._steps("digests"):
            pixels = self._exact()
        with self._steps("hashes"):
            hashes = [self._hashes(encoder) for encoder in self._chosen.hashes]
        looks = self._looked()
        with self._steps("compare"):
            return self._measured(pixels, hashes, looks)

    def _exact(self) -> set[int]:
        """Find what is identical; the ids of what is known to have the same pixels."""
        asked = self._store, self._query, self._limit, self._where, self._tenant
        pixels = digests.same_pixels(*asked)
        self._ids |= digests.same_bytes(*asked) | pixels
        return pixels

    def _hashes(self, encoder: "Encoder") -> Hashes:
        found = hashes_of(self._store, encoder, self._query, self._wanted)
        self._ids |= found.near(self._store, self._where)
        return found

    def _looked(self) -> Looked | None:
        """The views by the copy descriptor, and what they find."""
        encoder = self._chosen.descriptor
        if encoder is None:
            return None
        if self._query.image is None:
            with self._steps("descriptor"):
                return self._near(self._stored(encoder))
        parts = []
        for name, some in groups(self._query, self._wanted, any_side=any_side(encoder)).items():
            with self._steps(name):
                ways, looks = zip(*some, strict=True)
                parts.append(self._near(looked(encoder, ways, looks)))
        return Looked.together(parts)

    def _stored(self, encoder: "Encoder") -> Looked:
        assert self._query.record is not None
        return stored(self._store, encoder.spec, self._query.record.id)

    def _near(self, found: Looked) -> Looked:
        self._ids |= found.near(self._store, self._limit, self._where)
        return found

    def _measured(
        self,
        pixels: set[int],
        hashes: Sequence[Hashes],
        looks: Looked | None,
    ) -> dict[int, tuple[Record, Evidence]]:
        own = set() if self._query.record is None else {self._query.record.id}
        ids = sorted(self._ids - own)
        records = {one.id: one for one in self._store.get(ids) if one is not None}
        distances = {one.spec.name: one.distances(self._store, ids) for one in hashes}
        cosines = looks.likenesses(self._store, ids) if looks is not None else {}
        copy_hash = next((one.whole for one in hashes if one.spec.name == COPY_HASH), None)
        same = digests.compared(self._store, self._query, copy_hash, ids)
        found = {}
        for id_, record in records.items():
            by_hash = {name: near[id_] for name, near in distances.items() if id_ in near}
            found[id_] = (
                record,
                Evidence(
                    same_bytes=same.same_bytes(record),
                    same_pixels=id_ in pixels or same.same_pixels(record),
                    hashes=by_hash,
                    likeness=cosines.get(id_),
                ),
            )
        return found
