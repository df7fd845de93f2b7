"""Which record a new picture is a duplicate of, by the definition of `lookalike duplicates`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike import filters
from lookalike.ingest.job import Job
from lookalike.records import Record, Verdict
from lookalike.sources.file import is_gone
from lookalike.sources.uri import to_path
from lookalike.stores.base import Entry, Store

if TYPE_CHECKING:
    from lookalike.duplicates.plan import Plan
    from lookalike.search.fingerprints import Compared

_NEAREST = 32
"""Records that one hash is compared with."""
_NEAREST_EMBEDDINGS = 4


@dataclass(frozen=True, slots=True)
class Original:
    """The record that a picture is a duplicate of, and why."""

    record: Record
    reason: str


class Originals:
    """Finds the originals of new pictures among the records of one tenant.

    Records whose files are gone are none: the picture may be all that is left.
    """

    def __init__(self, store: Store, tenant: str) -> None:
        from lookalike.duplicates.plan import plan

        self._store = store
        self._tenant = tenant
        self._plan: Plan = plan(store, exact=False)

    def may_be_among(self, entries: Iterable[Entry], job: Job) -> bool:
        """Whether an original may be among what is not in the store yet."""
        others = list(entries)
        if any(_same(job, entry) for entry in others):
            return True
        own = _hashes(job, self._plan.hash)
        rows = [row for entry in others for row in _hashes(entry, self._plan.hash)]
        if own and rows:
            bits = np.bitwise_count(np.stack(rows)[:, None] ^ np.stack(own)[None]).sum(axis=2)
            if bits.min() <= self._plan.radius:
                return True
        name = self._plan.encoder
        vectors = [entry.vectors[name] for entry in others if name in entry.vectors]
        if not vectors or name not in job.vectors:
            return False
        # The store rounds to float16.
        return bool((np.stack(vectors) @ job.vectors[name]).max() >= self._plan.sure - 1e-3)

    def find(self, job: Job) -> Original | None:
        """The original of a picture that has been encoded; the surest, ties by id."""
        from lookalike.search.fingerprints import Compared, Fingerprints

        fingerprints = Fingerprints(
            job.sha256,
            job.width,
            job.height,
            known_pixels=job.pixels,
            whole=job.vectors.get(self._plan.hash),
            trimmed=job.trimmed.get(self._plan.hash),
            border=job.border,
        )
        for records in (self._by_digests(job), self._by_hashes(job)):
            ids = [record.id for record in records]
            found = self._surest(records, Compared.of(fingerprints, self._store, ids))
            if found is not None:
                return found
        return self._by_embedding(job)

    def there(self, records: Sequence[Record | None]) -> list[Record]:
        """Those of some records that are the tenant's and whose files are not gone."""
        return [
            one
            for one in records
            if one is not None and one.tenant == self._tenant and not _is_gone(one)
        ]

    def _surest(self, records: Sequence[Record], compared: "Compared") -> Original | None:
        from lookalike.search.verdicts import verdict

        best: tuple[tuple[Any, ...], Original] | None = None
        for record in records:
            kind, reason = verdict(compared, record, self._plan.radius)
            if kind is Verdict.SIMILAR:
                continue
            nearest = compared.nearest(record)
            bits = nearest.distance if nearest and kind is Verdict.COPY else 0
            key = (kind is not Verdict.IDENTICAL, reason != "same bytes", bits, record.id)
            if best is None or key < best[0]:
                best = key, Original(record, reason)
        return best and best[1]

    def _by_digests(self, job: Job) -> list[Record]:
        find = self._store.find_digests
        found = find([job.sha256], self._tenant, limit=_NEAREST).get(job.sha256, [])
        if not self.there(found) and job.pixels is not None:
            alike = find([job.pixels], self._tenant, limit=_NEAREST, kind="pixels")
            found = alike.get(job.pixels, [])
        return self.there(found)

    def _by_hashes(self, job: Job) -> list[Record]:
        found: dict[int, Record] = {}
        for row in _hashes(job, self._plan.hash):
            for where in (None, filters.tenant_is(self._tenant)):
                near = self._store.within(
                    self._plan.hash, row, self._plan.radius, _NEAREST, where=where
                )
                there = self.there(self._store.get([one.id for one in near]))
                found.update((record.id, record) for record in there)
                # Only so many of other tenants can hide those of this one.
                if there or len(near) < _NEAREST:
                    break
        return list(found.values())

    def _by_embedding(self, job: Job) -> Original | None:
        name = self._plan.encoder
        vector = job.vectors.get(name)
        if vector is None:
            return None
        own = filters.tenant_is(self._tenant)
        near = self._store.nearest(name, vector, _NEAREST_EMBEDDINGS, where=own)
        ids = [one.id for one in near]
        kept = self._store.vectors(name, ids)
        best: tuple[tuple[float, int], Record] | None = None
        for record in self.there(self._store.get(ids)):
            other = kept.get(record.id)
            cosine = 0.0 if other is None else float(other @ vector / np.linalg.norm(other))
            key = (-cosine, record.id)
            if cosine >= self._plan.sure and (best is None or key < best[0]):
                best = key, record
        return None if best is None else Original(best[1], f"{name} {-best[0][0]:.2f}")


def _same(job: Job, entry: Entry) -> bool:
    return job.sha256 == entry.sha256 or (job.pixels is not None and job.pixels == entry.pixels)


def _hashes(of: Job | Entry, name: str) -> list[NDArray[np.uint8]]:
    """The copy hashes that say something, whole and trimmed."""
    from lookalike.search.fingerprints import is_flat

    both = (of.vectors.get(name), of.trimmed.get(name))
    return [row for row in both if row is not None and not is_flat(row)]


def _is_gone(record: Record) -> bool:
    path = to_path(record.uri)
    return path is not None and record.modified_ns is not None and is_gone(path)
