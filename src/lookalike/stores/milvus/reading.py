"""Reading records."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from lookalike.filters import Filter
from lookalike.records import Record
from lookalike.stores.base import Digest
from lookalike.stores.milvus.connection import pages
from lookalike.stores.milvus.expressions import among
from lookalike.stores.milvus.filter_expr import compile_filter
from lookalike.stores.milvus.filter_terms import quoted
from lookalike.stores.milvus.filterable import ABSENT
from lookalike.stores.milvus.ids import natural_id, possible
from lookalike.stores.milvus.layout import HAS, RECORD_COLUMNS, identifier
from lookalike.stores.milvus.roster import Member
from lookalike.stores.milvus.rows import record_of
from lookalike.stores.milvus.state import State

Rows = dict[int, Mapping[str, Any]]
"""Rows of records by id."""

_IDS_AT_A_TIME = 4096
_NAMES_AT_A_TIME = 1024
_PAGE = 2000
_COLUMNS = (*RECORD_COLUMNS, HAS)
"""Without what only filters look at."""


def by_id(state: State, ids: Collection[int], *, to_change: bool = False) -> Rows:
    """Rows by id; absent ids are left out.

    What is to be changed need not be read again where it was read a moment ago.
    """
    since, own = state.recent_rows(ids)
    if to_change and state.address.consistency != "strong":
        own = {**state.recent.read(ids), **own}
    found: Rows = {key: row for key, row in own.items() if row is not None}
    asked = [key for key in possible(ids) if key not in own]
    for some in pages(asked, _IDS_AT_A_TIME):
        for row in _query(state, f"id in {among(some)}", since):
            found[row["id"]] = row
    if asked:
        state.recent.note_read({key: found.get(key) for key in asked})
    return found


def by_uri(state: State, uris: Collection[str], tenant: str) -> dict[str, Mapping[str, Any]]:
    """Rows of one tenant by uri; absent uris are left out."""
    ids = {natural_id(tenant, uri): uri for uri in uris}
    found = {
        row["uri"]: row
        for key, row in by_id(state, ids).items()
        if row["uri"] == ids[key] and row["tenant"] == tenant
    }
    if state.foreign:
        left = [uri for uri in dict.fromkeys(uris) if uri not in found]
        found.update({row["uri"]: row for row in with_any(state, "uri", left, tenant)})
    return found


def with_any(
    state: State, column: str, values: Sequence[Any], tenant: str | None = None
) -> list[Mapping[str, Any]]:
    """Rows whose column holds one of the values, of one tenant or of all, in any order."""
    found: list[Mapping[str, Any]] = []
    whose = "" if tenant is None else f" and tenant == {quoted(tenant)}"
    for some in pages(values, _NAMES_AT_A_TIME):
        since, own = state.recent_rows()
        rows = _query(state, f"{column} in {among(some)}{whose}", since)
        found += [row for row in rows if row["id"] not in own]
        wanted = set(some)
        found += [
            row
            for row in own.values()
            if row is not None and row[column] in wanted and tenant in {None, row["tenant"]}
        ]
    return found


def find_digests(
    state: State,
    digests: Sequence[bytes],
    tenant: str | None,
    after: int,
    limit: int | None,
    kind: Digest,
) -> dict[bytes, list[Record]]:
    """Records by a digest within one tenant, in order of id, at most `limit` for each."""
    if limit is not None and limit <= 0:
        return {}
    found: dict[str, list[Mapping[str, Any]]] = {}
    names = list(dict.fromkeys(digest.hex() for digest in digests if digest))
    for some in pages(names, _NAMES_AT_A_TIME):
        rows = list(_with_digests(state, some, tenant, after, kind, _PAGE))
        if len(rows) == _PAGE:
            # Many pictures of the same bytes: each digest for itself, no further than asked for.
            for name in some:
                found[name] = list(_with_digests(state, [name], tenant, after, kind, limit))
            continue
        for row in rows:
            found.setdefault(row[kind], []).append(row)
    return {
        bytes.fromhex(name): [record_of(row) for row in rows[:limit]]
        for name, rows in found.items()
        if rows
    }


def _with_digests(
    state: State,
    names: Sequence[str],
    tenant: str | None,
    after: int,
    kind: Digest,
    most: int | None,
) -> Iterator[Mapping[str, Any]]:
    """At most so many rows with one of these digests, in order of id."""
    wanted = set(names)
    since, own = state.recent_rows()
    whose = "" if tenant is None else f" and tenant == {quoted(tenant)}"
    mine = sorted(
        (
            row
            for row in own.values()
            if row is not None
            and row[kind] in wanted
            and row["id"] > after
            and tenant in {None, row["tenant"]}
        ),
        key=lambda row: row["id"],
    )
    given = 0
    while most is None or given < most:
        size = _PAGE if most is None else min(most - given, _PAGE)
        condition = f"{kind} in {among(names)} and id > {after}{whose}"
        page = _query(state, condition, since, limit=size)
        page.sort(key=lambda row: row["id"])
        last = page[-1]["id"] if len(page) == size else None
        rows: list[Mapping[str, Any]] = [row for row in page if row["id"] not in own]
        rows += [row for row in mine if after < row["id"] and (last is None or row["id"] <= last)]
        rows.sort(key=lambda row: row["id"])
        yield from rows if most is None else rows[: most - given]
        given += len(rows)
        if last is None:
            return
        after = last


def scan(state: State, where: Filter | None, after: int, limit: int | None) -> Iterator[Record]:
    """Records in order of id, those with id > `after`, read in pages."""
    expression = compile_filter(where, state.declared)
    left = limit
    while (left is None or left > 0) and not expression.is_empty:
        exact = expression.exact or where is None
        size = _PAGE if left is None or not exact else min(left, _PAGE)
        parts = [f"id > {after}"] + ([f"({expression.text})"] if expression.text else [])
        rows = state.connection.query(
            state.records.name, " and ".join(parts), RECORD_COLUMNS, limit=size
        )
        rows.sort(key=lambda row: int(row["id"]))
        for row in rows:
            record = record_of(row)
            if exact or where is None or where.matches(record):
                yield record
                left = None if left is None else left - 1
                if left == 0:
                    return
        if len(rows) < size:
            return
        after = rows[-1]["id"]


def count(state: State, where: Filter | None) -> int:
    """How many records pass."""
    expression = compile_filter(where, state.declared)
    if expression.is_empty:
        return 0
    if not expression.exact:
        return sum(1 for _ in scan(state, where, -1, None))
    return state.connection.count(state.records.name, expression.text)


def missing(state: State, one: Member, after: int, limit: int, files_only: bool) -> list[Record]:
    """Records without a vector of this encoder, in order of id."""
    condition = f'id > {after} and not (exists {HAS}["{identifier(one.spec.name)}"])'
    if files_only:
        condition += f" and modified_ns != {ABSENT}"
    found: list[Record] = []
    for some in pages(range(max(limit, 0)), _PAGE):
        rows = state.connection.query(
            state.records.name,
            condition + (f" and id > {found[-1].id}" if found else ""),
            RECORD_COLUMNS,
            limit=len(some),
        )
        found += sorted(map(record_of, rows), key=lambda record: record.id)
        if len(rows) < len(some):
            break
    return found


def _query(
    state: State, condition: str, since: int | None, limit: int | None = None
) -> list[dict[str, Any]]:
    return state.connection.query(state.records.name, condition, _COLUMNS, limit=limit, since=since)
