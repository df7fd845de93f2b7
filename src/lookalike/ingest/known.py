"""What the store knows of bytes that come along: records that may move, and vectors to copy."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from lookalike.records import Record
from lookalike.sources.file import is_gone
from lookalike.sources.uri import to_path
from lookalike.stores.base import Store

_REMEMBERED = 1024
"""Digests whose answers are kept."""
_PAGE = 256
"""Records of the same bytes that are asked for together."""
_MOST_TRIED = 8
"""Most records whose vectors are looked for."""


@dataclass(frozen=True, slots=True)
class Twin:
    """A record of the same bytes, as it was then, its vectors, their qualities, trimmed hashes."""

    record: Record
    vectors: dict[str, NDArray[Any]]
    qualities: dict[str, int]
    trimmed: dict[str, NDArray[Any]]


@dataclass(slots=True)
class _Known:
    first: Sequence[Record]
    """Some whose vectors may be copied."""
    unseen: deque[Record]
    """Those that may have moved, as far as they have been asked for."""
    last: int | None
    """The id after which there are more; None when there are none."""
    twin: Twin | None = None


class KnownBytes:
    """Asks the store once per digest, so that many files of the same bytes cost no more each."""

    def __init__(self, store: Store, encoders: Iterable[str], tenant: str) -> None:
        self._store = store
        self._encoders = tuple(encoders)
        self._tenant = tenant
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def look_up(self, digests: Iterable[bytes]) -> None:
        """Ask for those that are not remembered; `gone` and `twin` answer for the others not."""
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        fresh = []
        for digest in digests:
            if digest in self._known:
                self._known.move_to_end(digest)
            else:
                fresh.append(digest)
        if fresh:
            found = self._store.find_digests(fresh, self._tenant, limit=_PAGE)
            for digest, records in found.items():
                self._known[digest] = _Known(records[:_MOST_TRIED], deque(records), _last(records))

    def gone(self, digest: bytes, claimed: Callable[[int], bool]) -> Record | None:
        """A record of a file with these bytes that is no longer there; each is given once."""
        known = self._known.get(digest)
        while known is not None and (known.unseen or self._more(digest, known)):
            record = known.unseen.popleft()
            path = to_path(record.uri)
            # A name that came with bytes may look like a path; only a file has a time.
            if path is None or record.modified_ns is None or claimed(record.id):
                continue
            if is_gone(path):
                return record
        return None

    def twin(self, digest: bytes) -> Twin | None:
        """The facts and vectors of these bytes, when a record has those of every encoder."""
        known = self._known.get(digest)
        if known is None:
            return None
        for record in () if known.twin else known.first:
            vectors = self._vectors(record.id)
            if len(vectors) == len(self._encoders) and self._still(record.id, digest):
                qualities, trimmed = self._qualities(record.id), self._trimmed(record.id)
                known.twin = Twin(record, vectors, qualities, trimmed)
                break
        return known.twin

    def _more(self, digest: bytes, known: _Known) -> bool:
        if known.last is None:
            return False
        found = self._store.find_digests([digest], self._tenant, known.last, _PAGE)
        records = found.get(digest, [])
        known.unseen.extend(records)
        known.last = _last(records)
        return bool(records)

    def _vectors(self, id: int) -> dict[str, NDArray[Any]]:  # noqa: A002 - the field's word
        found = {name: self._store.vectors(name, [id]).get(id) for name in self._encoders}
        return {name: vector for name, vector in found.items() if vector is not None}

    def _qualities(self, id: int) -> dict[str, int]:  # noqa: A002
        found = {name: self._store.qualities(name, [id]).get(id) for name in self._encoders}
        return {name: quality for name, quality in found.items() if quality is not None}

    def _trimmed(self, id: int) -> dict[str, NDArray[Any]]:  # noqa: A002
        found = {name: self._store.trimmed(name, [id]).get(id) for name in self._encoders}
        return {name: hashed for name, hashed in found.items() if hashed is not None}

    def _still(self, id: int, digest: bytes) -> bool:  # noqa: A002
        """Whether a record has these bytes even now: it may have got others in the same run."""
        (record,) = self._store.get([id])
        return record is not None and record.sha256 == digest


def _last(records: Sequence[Record]) -> int | None:
    return records[-1].id if len(records) == _PAGE else None
