"""Reading records and vectors out of the catalogue."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.filters import Filter
from lookalike.records import Record
from lookalike.stores.base import Digest
from lookalike.stores.local import rows, sql_filter
from lookalike.stores.local.catalogue import Catalogue
from lookalike.stores.local.roster import Member
from lookalike.stores.local.rows import in_chunks

_SCAN_ROWS = 1000
_GET_ROWS = 512
_CHUNK_ROWS = 8192


def get(catalogue: Catalogue, ids: Sequence[int]) -> list[Record | None]:
    """Records by id, in order; None where there is none."""
    found: dict[int, Record] = {}
    for start in range(0, len(ids), _GET_ROWS):
        some = ids[start : start + _GET_ROWS]
        for row in catalogue.read(_get_statement(len(some)), some):
            found[row[0]] = rows.record_of(row)
    return [found.get(key) for key in ids]


@lru_cache
def _get_statement(count: int) -> str:
    marks = ",".join("?" * count)
    return f"SELECT {rows.COLUMNS} FROM records WHERE id IN ({marks})"  # noqa: S608


def find(catalogue: Catalogue, uris: Sequence[str], tenant: str) -> dict[str, Record]:
    """Records by uri within one tenant."""
    found: dict[str, Record] = {}
    for some in in_chunks(uris):
        marks = ",".join("?" * len(some))
        for record in _select(catalogue, f"r.tenant = ? AND r.uri IN ({marks})", [tenant, *some]):
            found[record.uri] = record
    return found


def find_digests(
    catalogue: Catalogue,
    digests: Sequence[bytes],
    tenant: str | None,
    after: int,
    limit: int | None,
    kind: Digest,
) -> dict[bytes, list[Record]]:
    """Records by a digest within one tenant, in order of id, at most `limit` for each."""
    # The + keeps SQLite from walking through the whole tenant by the other index.
    own = "" if tenant is None else "AND +r.tenant = ? "
    condition = f"r.{kind} = ? AND r.id > ? {own}ORDER BY r.id LIMIT ?"
    most = -1 if limit is None else limit
    whose = [] if tenant is None else [tenant]
    found = {
        digest: _select(catalogue, condition, [digest, after, *whose, most])
        for digest in set(digests)
    }
    return {digest: records for digest, records in found.items() if records}


def scan(
    catalogue: Catalogue, where: Filter | None, after: int, limit: int | None
) -> Iterator[Record]:
    """Records in order of id, read in parts, so that no read outlives a change for long."""
    condition, parameters = _condition(where)
    left = limit
    while left is None or left > 0:
        count = _SCAN_ROWS if left is None else min(left, _SCAN_ROWS)
        records = _select(
            catalogue,
            f"r.id > ? AND {condition} ORDER BY r.id LIMIT ?",
            [after, *parameters, count],
        )
        yield from records
        if len(records) < count:
            return
        after = records[-1].id
        left = None if left is None else left - count


def count(catalogue: Catalogue, where: Filter | None) -> int:
    """How many records pass."""
    if where is None:
        return int(catalogue.read("SELECT records FROM totals")[0][0])
    condition, parameters = _condition(where)
    statement = f"SELECT count(*) FROM records r WHERE {condition}"  # noqa: S608
    return int(catalogue.read(statement, parameters)[0][0])


def ids(catalogue: Catalogue, where: Filter, among: Sequence[int] | None = None) -> list[int]:
    """The ids of the records that pass, all or some, in any order."""
    condition, parameters = _condition(where)
    if among is None:
        statement = f"SELECT r.id FROM records r WHERE {condition}"  # noqa: S608
        return [key for (key,) in catalogue.read(statement, parameters)]
    found: list[int] = []
    for some in in_chunks(among):
        marks = ",".join("?" * len(some))
        # By id; else SQLite would walk through the whole tenant for each part of the ids.
        statement = (
            f"SELECT r.id FROM records r NOT INDEXED WHERE {condition} AND r.id IN ({marks})"  # noqa: S608
        )
        found += [key for (key,) in catalogue.read(statement, [*parameters, *some])]
    return found


def missing(
    catalogue: Catalogue, encoder: Member, after: int, limit: int, files_only: bool
) -> list[Record]:
    """Records without a vector of this encoder, in order of id."""
    ((gap,),) = catalogue.read(
        "SELECT (SELECT records FROM totals) - vectors FROM encoders WHERE number = ?",
        (encoder.number,),
    )
    if gap == 0:
        return []
    files = "r.modified_ns IS NOT NULL AND " if files_only else ""
    return _select(
        catalogue,
        f"r.id > ? AND {files}NOT EXISTS (SELECT 1 FROM {encoder.table} v WHERE v.id = r.id) "  # noqa: S608
        "ORDER BY r.id LIMIT ?",
        [after, limit],
    )


def vectors(
    catalogue: Catalogue, encoder: Member, wanted: Sequence[int]
) -> dict[int, NDArray[Any]]:
    """Stored vectors by id: (dim,) float32 or (bits/8,) uint8; absent ids are left out."""
    found: dict[int, NDArray[Any]] = {}
    for some in in_chunks(wanted):
        marks = ",".join("?" * len(some))
        statement = f"SELECT id, vector FROM {encoder.table} WHERE id IN ({marks})"  # noqa: S608
        for key, blob in catalogue.read(statement, some):
            found[key] = (
                np.frombuffer(blob, np.uint8).copy()
                if encoder.is_hash
                else np.frombuffer(blob, "<f2").astype(np.float32)
            )
    return found


def all_vectors(
    catalogue: Catalogue, encoder: Member
) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
    """All stored vectors in chunks of ids (n,) and vectors (n, size), in order of id."""
    statement = f"SELECT id, vector FROM {encoder.table} ORDER BY id"  # noqa: S608
    for chunk in catalogue.stream(statement, (), _CHUNK_ROWS):
        ids = np.fromiter((key for key, _ in chunk), np.int64, len(chunk))
        raw = b"".join([blob for _, blob in chunk])
        if encoder.is_hash:
            yield ids, np.frombuffer(raw, np.uint8).reshape(len(chunk), -1)
        else:
            yield ids, np.frombuffer(raw, "<f2").reshape(len(chunk), -1).astype(np.float32)


def _select(catalogue: Catalogue, condition: str, parameters: Sequence[Any]) -> list[Record]:
    statement = f"SELECT {rows.COLUMNS} FROM records r WHERE {condition}"  # noqa: S608
    return list(map(rows.record_of, catalogue.read(statement, parameters)))


def _condition(where: Filter | None) -> tuple[str, list[Any]]:
    return ("1", []) if where is None else sql_filter.compile_filter(where)
