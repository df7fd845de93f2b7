"""What the store knows of bytes that come along: records that may move, and vectors to copy."""

from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from numpy.typing import NDArray

from lookalike.records import Record
from lookalike.sources.file import is_gone
from lookalike.sources.uri import to_path
from lookalike.stores.base import Store

_Value = TypeVar("_Value")

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
        """Ask for those that are not remembered; `gone` and `twins` answer for the others not."""
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

    def twins(self, digests: Collection[bytes]) -> dict[bytes, Twin]:
        """The facts and vectors of these bytes, of those of which a record has all encoders'.

        The store is asked about all of them together: one at a time, a server would answer four
        questions for every copy.
        """
        known = {digest: self._known[digest] for digest in digests if digest in self._known}
        for place in range(_MOST_TRIED):
            tried = {
                one.first[place].id: (digest, one)
                for digest, one in known.items()
                if one.twin is None and place < len(one.first)
            }
            if not tried:
                break
            self._try(tried)
        return {digest: one.twin for digest, one in known.items() if one.twin is not None}

    def _try(self, tried: Mapping[int, tuple[bytes, _Known]]) -> None:
        """Take these records, by id, for the twins of their bytes, if they have all vectors."""
        store, ids = self._store, list(tried)
        vectors = {name: store.vectors(name, ids) for name in self._encoders}
        ids = [key for key in ids if all(key in found for found in vectors.values())]
        # A record may have got other bytes in the same run.
        records = {record.id: record for record in store.get(ids) if record is not None}
        ids = [key for key in ids if key in records and records[key].sha256 == tried[key][0]]
        if not ids:
            return
        qualities = {name: store.qualities(name, ids) for name in self._encoders}
        trimmed = {name: store.trimmed(name, ids) for name in self._encoders}
        for key in ids:
            tried[key][1].twin = Twin(
                records[key],
                _of(key, vectors),
                _of(key, qualities),
                _of(key, trimmed),
            )

    def _more(self, digest: bytes, known: _Known) -> bool:
        if known.last is None:
            return False
        found = self._store.find_digests([digest], self._tenant, known.last, _PAGE)
        records = found.get(digest, [])
        known.unseen.extend(records)
        known.last = _last(records)
        return bool(records)


def _of(key: int, found: Mapping[str, Mapping[int, _Value]]) -> dict[str, _Value]:
    """By encoder, what was found of one record."""
    return {name: values[key] for name, values in found.items() if key in values}


def _last(records: Sequence[Record]) -> int | None:
    return records[-1].id if len(records) == _PAGE else None
