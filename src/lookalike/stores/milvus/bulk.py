"""Bulk insert: a server reads the files of empty tables by itself."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookalike.errors import StoreError, UsageError
from lookalike.stores.milvus import capabilities, encoders
from lookalike.stores.milvus.connection import Connection
from lookalike.stores.milvus.files import TableFiles
from lookalike.stores.milvus.layout import Table
from lookalike.stores.milvus.roster import Member
from lookalike.stores.milvus.staging import Staged
from lookalike.stores.milvus.state import State
from lookalike.stores.milvus.stub import stub_of

if TYPE_CHECKING:
    from lookalike.stores.base import Progress

_EVERY_S = 0.5
_LOAD_SECONDS = 3600.0
_FOUND_SECONDS = 120.0
"""For how long rows that were imported and loaded may not be found."""
_DONE, _FAILED = 6, {1, 7}
"""States of an import job, by the numbers of Milvus's protocol."""


def refuse(state: State) -> None:
    """See that a bulk insert can be made; takes out what one that died has left.

    Raises:
        UsageError: the server cannot do it, or the collection is not empty; says what to do.
    """
    state.need_writable()
    capabilities.need(state.connection.version, "parquet import", "copying with --bulk")
    if state.layout.tenancy != "key":
        raise UsageError(
            f"{state.address} has a partition for each tenant, and a bulk insert fills only one: "
            "copy without --bulk"
        )
    if _settled(state.connection, state.records.name):
        raise UsageError(
            f"{state.address} is not empty, and a bulk insert replaces nothing: copy without "
            "--bulk, which also completes one that died, or into a new collection"
        )
    for one in state.members.values():
        left = [table.name for table in tables_of(state, one) if _left(state.connection, table)]
        for name in left:
            state.connection.drop(name)
        if left:
            encoders.make_tables(state, one, state.space(one).projection)


def _left(connection: Connection, table: Table) -> bool:
    """Whether a table without records has vectors, or was to get some."""
    return bool(_ended(connection, table.name)) or connection.count(table.name) > 0


def _settled(connection: Connection, name: str) -> int:
    """How many rows a table has, those that somebody else's imports brought among them."""
    if any(job.state == _DONE for job in _ended(connection, name)):
        return _found(connection, name, 1)
    return connection.count(name)


def _ended(connection: Connection, name: str) -> list[Any]:
    """The imports into a table that somebody else began; waits until all have ended.

    A server with one into a table that is dropped meanwhile takes no others for minutes.
    """
    while True:
        jobs = _jobs(connection, name)
        if all(job.state in {_DONE, *_FAILED} for job in jobs):
            return jobs
        time.sleep(_EVERY_S)


def _jobs(connection: Connection, table: str) -> list[Any]:
    """What the server knows of imports into a table, of today or so."""

    def ask(client: Any, limit: float) -> list[Any]:
        return list(client._get_connection().list_bulk_insert_tasks(0, table, timeout=limit))

    return connection.call(f"list the bulk inserts into {table}", ask)


def tables_of(state: State, one: Member) -> list[Table]:
    """The tables of an encoder's vectors."""
    compared = state.compared(one)
    return [compared, state.layout.raw(one.spec)] if one.has_raw else [compared]


def insert_all(
    state: State,
    files: Mapping[str, TableFiles],
    staged: Staged,
    progress: "Progress | None" = None,
) -> None:
    """Have the server read the files of an empty collection's tables, the records' last.

    Raises:
        StoreError: it could not, or other numbers of rows are there afterwards.
    """
    state.note_foreign()
    for name, made in sorted(files.items(), key=lambda pair: pair[0] == state.records.name):
        if made.rows:
            _insert(state.connection, name, staged, made, progress)
        found = _found(state.connection, name, made.rows)
        if found != made.rows:
            raise StoreError(
                f"{name} has {found:,} rows after the bulk insert of {made.rows:,}: another "
                "process writes to it, or one that died had begun; copy into a new collection"
            )


def _found(connection: Connection, table: str, rows: int) -> int:
    """How many rows a table has, where so many were imported: a server finds them by and by."""
    ends = time.monotonic() + _FOUND_SECONDS
    while (count := connection.count(table)) < rows and time.monotonic() < ends:
        connection.call(
            f"load what was imported into {table}",
            lambda client, limit: client.refresh_load(table, timeout=limit),
            seconds=_LOAD_SECONDS,
        )
        time.sleep(_EVERY_S)
    return count


def _insert(
    connection: Connection,
    table: str,
    staged: Staged,
    made: TableFiles,
    progress: "Progress | None" = None,
) -> None:
    """Have the server read files into a table, and wait until it has."""
    jobs: dict[int, Path] = {}
    rows = made.rows
    for file in made.files:
        name = staged.sent(file)
        jobs[_start(connection, table, name)] = file
    shares: dict[int, int] = dict.fromkeys(jobs, 0)
    waiting = set(jobs)
    while waiting:
        for job in sorted(waiting):
            state = _state(connection, table, job)
            shares[job] = state.progress
            if state.state in _FAILED:
                raise StoreError(
                    f"the bulk insert of {jobs[job].name} into {table} failed: "
                    f"{state.failed_reason or 'the server does not say why'}. The server must be "
                    "able to read the file: a folder that it sees too, or the bucket that it "
                    "keeps its own data in. Copy without --bulk where that cannot be had"
                )
            if state.state == _DONE:
                waiting.discard(job)
                shares[job] = 100
        if progress is not None:
            progress(f"import {table}", rows * sum(shares.values()) // (100 * len(jobs)), rows)
        if waiting:
            time.sleep(_EVERY_S)


def _start(connection: Connection, table: str, file: str) -> int:
    from pymilvus.client.utils import check_status
    from pymilvus.grpc_gen.milvus_pb2 import ImportRequest

    request = ImportRequest(
        db_name=connection.address.database, collection_name=table, files=[file]
    )

    def ask(client: Any, limit: float) -> int:
        # pymilvus's own call is tried again when the answer is lost, and rows would be there twice.
        answer = stub_of(client).Import(request, timeout=limit)
        check_status(answer.status)
        return int(answer.tasks[0])

    return connection.call(f"start a bulk insert into {table}", ask, repeat=False)


def _state(connection: Connection, table: str, job: int) -> Any:
    def ask(client: Any, limit: float) -> Any:
        return client._get_connection().get_bulk_insert_state(job, timeout=limit)

    return connection.call(f"ask how the bulk insert into {table} goes", ask)
