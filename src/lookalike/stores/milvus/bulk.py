"""Bulk insert: files that a server reads by itself, from a folder or bucket that it sees."""

import shutil
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookalike.errors import MissingExtraError, StoreError, UsageError
from lookalike.stores.milvus import capabilities
from lookalike.stores.milvus.connection import Connection
from lookalike.stores.milvus.files import TableFiles
from lookalike.stores.milvus.layout import Table
from lookalike.stores.milvus.roster import Member
from lookalike.stores.milvus.state import State

if TYPE_CHECKING:
    from lookalike.stores.base import Progress

_EVERY_S = 0.5
_LOAD_SECONDS = 3600.0
_DONE, _FAILED = 6, {1, 7}
"""States of an import job, by the numbers of Milvus's protocol."""


@dataclass(frozen=True, slots=True)
class Staging:
    """Where files lie for a server to read them.

    `folder` is on this machine, and `seen_as` what the server calls it; or files are sent to a
    bucket, `s3://BUCKET/PREFIX?endpoint_override=HOST:PORT&scheme=http` in pyarrow's way, with the
    keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
    """

    folder: str = ""
    seen_as: str = ""
    bucket: str = ""

    @classmethod
    def parse(cls, text: str) -> "Staging":
        """`FOLDER`, `FOLDER=AS_THE_SERVER_SEES_IT` or `s3://...`.

        Raises:
            UsageError: there is no such folder.
        """
        if text.startswith("s3://"):
            return cls(bucket=text)
        folder, _, seen_as = text.partition("=")
        path = Path(folder).expanduser().resolve()
        if not path.is_dir():
            raise UsageError(
                f"{folder}: there is no such folder for a bulk insert; name one that the server "
                "sees as well, or s3://BUCKET/PREFIX of its storage"
            )
        return cls(folder=str(path), seen_as=seen_as or str(path))


class Staged:
    """A new folder for one bulk insert, and its files as the server calls them; gone at the end."""

    def __init__(self, staging: Staging, scratch: Path) -> None:
        """`scratch` is where files are written that are then sent to a bucket.

        Raises:
            UsageError: the bucket's address cannot be used.
        """
        self._name = f"lookalike-{uuid.uuid4().hex}"
        self._staging = staging
        self._bucket: Any = None
        self._prefix = ""
        if staging.bucket:
            self._bucket, self._prefix = _bucket(staging.bucket)
            self.folder = scratch / self._name
        else:
            self.folder = Path(staging.folder) / self._name
        self.folder.mkdir()
        # The server is another user.
        self.folder.chmod(0o755)

    def sent(self, file: Path) -> str:
        """Let the server have a file; returns what it calls it.

        Raises:
            StoreError: the bucket cannot be written to.
        """
        inside = file.relative_to(self.folder).as_posix()
        if self._bucket is None:
            return f"{self._staging.seen_as.rstrip('/')}/{self._name}/{inside}"
        target = f"{self._prefix}/{self._name}/{inside}"
        try:
            with file.open("rb") as source, self._bucket.open_output_stream(target) as out:
                shutil.copyfileobj(source, out, 1 << 20)
        except OSError as error:
            raise StoreError(
                f"{target} cannot be written to the server's bucket ({error}): check its address "
                "and the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            ) from error
        file.unlink()
        return target.partition("/")[2]

    def remove(self) -> None:
        """Remove the files, here and in the bucket."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._bucket is not None:
            self._bucket.delete_dir(f"{self._prefix}/{self._name}")


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
    if state.connection.count(state.records.name):
        raise UsageError(
            f"{state.address} is not empty, and a bulk insert replaces nothing: copy without "
            "--bulk, or into a new collection"
        )
    for one in state.members.values():
        for table in tables_of(state, one):
            # Vectors without records.
            if state.connection.count(table.name):
                state.connection.delete(table.name, "id >= 0")


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
            _refresh(state.connection, name)
        found = state.connection.count(name)
        if found != made.rows:
            raise StoreError(
                f"{name} has {found:,} rows after the bulk insert of {made.rows:,}: another "
                "process writes to it, or one that died had begun; copy into a new collection"
            )


def _refresh(connection: Connection, table: str) -> None:
    """Make what was imported into a loaded table found."""
    connection.call(
        f"load what was imported into {table}",
        lambda client, limit: client.refresh_load(table, timeout=limit),
        seconds=_LOAD_SECONDS,
    )


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
    def ask(client: Any, limit: float) -> int:
        handler = client._get_connection()
        return int(handler.do_bulk_insert(table, "", [file], timeout=limit))

    # Started twice, the rows would be there twice.
    return connection.call(f"start a bulk insert into {table}", ask, repeat=False)


def _state(connection: Connection, table: str, job: int) -> Any:
    def ask(client: Any, limit: float) -> Any:
        return client._get_connection().get_bulk_insert_state(job, timeout=limit)

    return connection.call(f"ask how the bulk insert into {table} goes", ask)


def _bucket(address: str) -> tuple[Any, str]:
    """The file system of an address of pyarrow's, and the path in it."""
    try:
        from pyarrow import fs
    except ImportError as error:
        raise MissingExtraError(
            "a bulk insert needs pyarrow: pip install 'lookalike[parquet]'"
        ) from error
    try:
        found, path = fs.FileSystem.from_uri(address)
    except (OSError, ValueError) as error:
        raise UsageError(f"{address.partition('@')[2] or address}: {error}") from error
    return found, path.rstrip("/")
