"""A user's own pairs: two pictures each, and whether one is a copy of the other."""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lookalike.calibration.evidence import Label, Measured, Pair
from lookalike.calibration.kept import Kept
from lookalike.collection import Collection
from lookalike.copies.find import find
from lookalike.encoders.matching import why_not
from lookalike.errors import UsageError
from lookalike.records import MAX_ID, EncoderSpec, Record
from lookalike.search.fingerprints import COPY_HASH, FLAT_BITS
from lookalike.sources.base import Failure
from lookalike.sources.table_readers import Row, Table
from lookalike.sources.uri import from_path, is_url, to_path
from lookalike.stores.base import Progress, Store
from lookalike.stores.local import LocalStore

LABELS: Mapping[str, Label] = {
    **dict.fromkeys(("copy", "same", "1", "true", "yes"), "copy"),
    "similar": "similar",
    **dict.fromkeys(("different", "0", "false", "no"), "different"),
}
_COLUMNS = ("a", "b", "label")
_HITS = 50


@dataclass(frozen=True, slots=True)
class Given:
    """One row: the uri of the picture that is asked for, that of the other, and the label."""

    asked: str
    other: str
    label: Label


def read(path: str | os.PathLike[str], store: Store) -> tuple[list[Given], list[Failure]]:
    """The pairs of a table with the columns a, b, label: CSV, TSV, JSON lines or Parquet.

    Pictures are paths (relative ones are the table's folder's), URLs, or ids of records.

    Returns:
        The pairs whose pictures are there, and the pictures that are not.

    Raises:
        UsageError: no such table, or a row that cannot be understood; names it.
    """
    table = Table(path)
    pairs: list[Given] = []
    left_out: dict[str, Failure] = {}
    for row in table.rows(_COLUMNS):
        label = _label(table, row)
        found = [_place(table, row, name, store) for name in ("a", "b")]
        for one in found:
            if isinstance(one, Failure):
                left_out[one.uri] = one
        asked, other = found
        if not (isinstance(asked, Failure) or isinstance(other, Failure)):
            pairs.append(Given(asked, other, label))
    if not pairs:
        raise UsageError(
            f"{table.name} has no pair of which both pictures are there"
            + "".join(f"; {one.uri}: {one.reason}" for one in [*left_out.values()][:3])
        )
    return pairs, [*left_out.values()]


def measure(
    store: Store,
    pairs: Sequence[Given],
    left_out: Sequence[Failure],
    *,
    kept: Kept | None,
    progress: Progress | None = None,
) -> Measured:
    """Index the pictures into a collection that is thrown away, and ask it for each pair's first.

    It has the encoders and projections of the store, so a pair's scores are what they would be
    there. A pair whose second picture is no hit has the score 0.
    """
    specs = [spec for spec in store.encoders() if not why_not(spec)]
    with (
        tempfile.TemporaryDirectory(prefix="lookalike-") as folder,
        _empty(Path(folder) / "pairs", specs) as (pictures, kept_there),
    ):
        uris = dict.fromkeys(uri for pair in pairs for uri in (pair.asked, pair.other))
        report = pictures.add([_path(uri) for uri in uris], progress=progress)
        for spec in specs:
            if spec.kind == "embedding":
                pictures.set_projection(spec.name, store.projection(spec.name) or "none")
        records = {record.uri: record for record in pictures.list()}
        usable = [pair for pair in pairs if pair.asked in records and pair.other in records]
        asking = _Asking(pictures, kept_there, kept)
        found = []
        for done, pair in enumerate(usable, 1):
            found.append(asking.pair(records[pair.asked], records[pair.other], pair.label))
            if progress:
                progress("comparing pairs", done, len(usable))
    return Measured(
        tuple(found),
        queries=len({pair.asked for pair in usable}),
        copies=sum(pair.same for pair in found),
        left_out=(*left_out, *report.failed),
        by="pairs",
    )


@contextmanager
def _empty(folder: Path, specs: Sequence[EncoderSpec]) -> Iterator[tuple[Collection, Store]]:
    store = LocalStore.open(folder, create=True)
    with Collection(store, folder, [spec.name for spec in specs]) as collection:
        yield collection, store


class _Asking:
    """Asks a collection of pictures for each of them once."""

    def __init__(self, pictures: Collection, store: Store, kept: Kept | None) -> None:
        self._pictures = pictures
        self._store = store
        self._kept = kept
        held = b"".join(sorted(record.sha256 or b"" for record in pictures.list()))
        self._among = hashlib.sha256(held).hexdigest()
        self._scores: dict[int, dict[str, float]] = {}

    def pair(self, asked: Record, other: Record, label: Label) -> Pair:
        assert other.sha256 is not None
        alike: dict[str, float] = {}
        distance: int | None = None
        vectors = self._pictures.vectors_of(asked.id)
        for spec in self._pictures.encoders:
            own = vectors.get(spec.name)
            if own is None:
                continue
            apart = self._store.distances(spec.name, own, [other.id]).get(other.id)
            if apart is not None:
                alike[spec.name] = _alike(spec, apart)
            if spec.name == COPY_HASH and int(np.bitwise_count(own).sum()) >= FLAT_BITS:
                distance = None if apart is None else int(apart)
        score = self._found(asked).get(other.sha256.hex(), 0.0)
        return Pair(label, score, distance, alike)

    def _found(self, asked: Record) -> dict[str, float]:
        """The scores of the hits for a picture, by the SHA-256 of each."""
        if asked.id not in self._scores:
            assert asked.sha256 is not None
            query = f"{asked.sha256.hex()} among {self._among}"
            known = self._kept.get(query) if self._kept is not None else None
            if known is None:
                path = to_path(asked.uri) or asked.uri
                hits = find(self._store, path, limit=_HITS)
                known = {hit.record.sha256.hex(): hit.score for hit in hits if hit.record.sha256}
                if self._kept is not None:
                    self._kept.put(query, known)
            self._scores[asked.id] = known
        return self._scores[asked.id]


def _alike(spec: EncoderSpec, distance: float) -> float:
    """The score that `search` gives, but with its sign."""
    return 1.0 - distance * (2.0 / spec.size if spec.kind == "hash" else 1.0)


def _label(table: Table, row: Row) -> Label:
    if row.complaint:
        raise UsageError(f"{table.name}, row {row.number}: {row.complaint}")
    for name in _COLUMNS:
        if row.values.get(name) in {None, ""}:
            raise UsageError(
                f"{table.name}, row {row.number} has no {name!r}; a table of pairs has the "
                "columns a, b and label"
            )
    text = str(row.values["label"]).strip().lower()
    if text not in LABELS:
        raise UsageError(
            f"{table.name}, row {row.number}: the label is {text!r}; write copy, similar or "
            "different"
        )
    return LABELS[text]


def _place(table: Table, row: Row, column: str, store: Store) -> str | Failure:
    """The uri of a picture that is there."""
    value = str(row.values[column]).strip()
    if is_url(value):
        return value
    path = os.path.join(os.path.dirname(table.path), os.path.expanduser(value))
    if os.path.isfile(path):
        return from_path(os.path.abspath(path))
    if value.isdecimal() and int(value) <= MAX_ID:
        (record,) = store.get([int(value)])
        if record is None:
            return Failure(value, "there is no record with that id, and no such file")
        kept_at = to_path(record.uri)
        if is_url(record.uri) or (kept_at is not None and kept_at.is_file()):
            return record.uri
        return Failure(record.uri, "the record's file is gone")
    return Failure(from_path(os.path.abspath(path)), "there is no such file")


def _path(uri: str) -> str:
    return uri if is_url(uri) else str(to_path(uri))
