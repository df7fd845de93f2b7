"""The one way to the server: calls with a time limit, tried again where safe, errors in words."""

import contextlib
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from lookalike.errors import LookalikeError, MissingExtraError, StoreError
from lookalike.stores.milvus import failures
from lookalike.stores.milvus.address import MilvusAddress
from lookalike.stores.milvus.layout import Column, Table, Type
from lookalike.stores.milvus.packing import Values, field_data, values_of
from lookalike.stores.milvus.stub import stub_of

if TYPE_CHECKING:
    from pymilvus import MilvusClient

T = TypeVar("T")

_CONNECT_SECONDS = 10.0
"""How long a server may take to answer at all."""
_LOAD_SECONDS = 300.0
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 3.0
_PARTITIONS = 16
"""Into how many a partition key divides a table."""

_EVENTUALLY = 1
_LEVELS = {"strong": (0, 0), "bounded": (2, 2), "eventually": (3, _EVENTUALLY)}
"""Milvus's numbers of consistency levels, each with the timestamp that goes with it."""
_CUSTOMIZED = 4


class Connection:
    """A client of one server, safe to use from several threads."""

    def __init__(self, address: MilvusAddress) -> None:
        """Connect.

        Raises:
            MissingExtraError: pymilvus is not installed.
            UsageError: the server has no such database.
            StoreError: the server does not answer, or lets nobody in.
        """
        self.address = address
        self._client: MilvusClient | None = None
        self._written: dict[str, int] = {}
        self._unflushed: dict[str, int] = {}
        self._lock = threading.Lock()
        kind = _pymilvus().MilvusClient
        self._client = self._tried(
            "connect",
            lambda limit: kind(
                uri=address.uri,
                token=address.token,
                db_name=address.database,
                timeout=limit,
                # By default a server that was away for long is looked for every two minutes.
                grpc_options={"grpc.max_reconnect_backoff_ms": round(_LONGEST_PAUSE * 1000)},
            ),
            min(_CONNECT_SECONDS, address.timeout),
        )
        self._check_database()
        self.version = failures.version_of(self.call("ask for the version", _version))
        self.opened = self.moment()
        """The server's timestamp of when this connection was made."""

    def _check_database(self) -> None:
        """Old servers answer that a database which is not there has no tables."""
        if not self.address.database:
            return
        try:
            there = self.call(
                "list the databases", lambda client, limit: client.list_databases(timeout=limit)
            )
        except failures.NoAnswerError:
            raise
        except StoreError:
            # Not everybody may see the list.
            return
        if self.address.database not in there:
            raise failures.no_database(self.address)

    def call(
        self,
        operation: str,
        function: "Callable[[MilvusClient, float], T]",
        *,
        seconds: float | None = None,
        repeat: bool = True,
    ) -> T:
        """Call `function(client, seconds left)`, again and again while the server is not ready.

        `operation` says in messages what was being done. Without `repeat` it is called once: for
        what must not happen twice.

        Raises:
            StoreError: the server refused, failed, or did not answer in time.
        """

        def attempt(limit: float) -> T:
            if self._client is None:
                raise StoreError(f"The collection {self.address} is closed: open it again.")
            return function(self._client, limit)

        return self._tried(operation, attempt, seconds or self.address.timeout, repeat)

    def _tried(
        self, operation: str, attempt: Callable[[float], T], seconds: float, repeat: bool = True
    ) -> T:
        started = time.monotonic()
        pause = _FIRST_PAUSE
        while True:
            left = seconds - (time.monotonic() - started)
            try:
                return attempt(max(left, _FIRST_PAUSE))
            except LookalikeError:
                raise
            except Exception as error:
                left = seconds - (time.monotonic() - started)
                if not repeat or left <= pause or not failures.passes(error):
                    raise failures.told(error, operation, self.address, seconds) from error
            # Many writers that failed at once must not come back at once.
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(pause * 2, _LONGEST_PAUSE)

    def moment(self) -> int:
        """The server's timestamp of now: a read since then sees all that was written before."""
        try:
            return self.call("ask for the time", _now)
        except failures.NoAnswerError:
            raise
        except StoreError:
            # Not every service has this call.
            return _EVENTUALLY

    # Tables

    def has(self, name: str) -> bool:
        """Whether there is a table of that name."""
        return bool(
            self.call(f"look for {name}", lambda client, limit: client.has_collection(name, limit))
        )

    def tables(self) -> list[str]:
        """The names of all tables of the database."""
        return list(self.call("list", lambda client, limit: client.list_collections(timeout=limit)))

    def create(
        self, table: Table, index: tuple[str, Mapping[str, Any]], scalar_indexes: Sequence[str] = ()
    ) -> None:
        """Make a table with its index, a kind and what it is built with, and load it.

        One that is there already, as when another process makes it too, is left as it is.
        """

        def make(client: "MilvusClient", limit: float) -> None:
            if client.has_collection(table.name, limit):
                return
            schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
            for column in table.columns:
                schema.add_field(column.name, int(column.type), **_field_options(table, column))
            options = {"num_partitions": _PARTITIONS} if table.partition_key else {}
            try:
                client.create_collection(table.name, timeout=limit, schema=schema, **options)
            except Exception:
                if not client.has_collection(table.name, limit):
                    raise

        self.call(f"make the table {table.name}", make)
        self.index(table, index, scalar_indexes)
        self.load(table.name)

    def index(
        self,
        table: Table,
        index: tuple[str, Mapping[str, Any]],
        scalar_indexes: Sequence[str] = (),
        *,
        wait: bool = True,
    ) -> None:
        """Ask for the indexes of a table; those that are there already stay."""

        def ask(client: "MilvusClient", limit: float) -> None:
            wanted = client.prepare_index_params()
            kind, parameters = index
            wanted.add_index(
                table.vector.name,
                index_type=kind,
                index_name=table.vector.name,
                metric_type=table.metric,
                params=dict(parameters),
            )
            scalar = "INVERTED" if self.version >= (2, 4, 0) else "Trie"
            for name in scalar_indexes:
                column = next(one for one in table.columns if one.name == name)
                text = column.type == Type.VARCHAR
                kind = scalar if text or self.version >= (2, 4, 0) else "STL_SORT"
                wanted.add_index(name, index_type=kind, index_name=name)
            client.create_index(table.name, wanted, timeout=limit, sync=wait)

        self.call(f"make the index of {table.name}", ask)

    def ready(self, name: str) -> None:
        """`load`, unless that has been done, by whatever process."""

        def loaded(client: "MilvusClient", limit: float) -> bool:
            state = client.get_load_state(name, timeout=limit)["state"]
            return bool(state.name == "Loaded")

        if not self.call(f"look whether {name} is loaded", loaded):
            self.load(name)

    def load(self, name: str) -> None:
        """Make a table ready to be read; waits until it is."""

        def ask(client: "MilvusClient", limit: float) -> None:
            client.load_collection(name, timeout=limit)

        self.call(f"load {name}", ask, seconds=max(_LOAD_SECONDS, self.address.timeout))

    def release(self, name: str) -> None:
        """Give back the memory that a loaded table takes."""
        self.call(f"release {name}", lambda client, limit: client.release_collection(name, limit))

    def drop(self, name: str) -> None:
        """Delete a table, if it is there."""
        self.call(f"drop {name}", lambda client, limit: client.drop_collection(name, limit))
        self._written.pop(name, None)

    def flush(self, name: str) -> None:
        """Seal what was written to a table, so that the server indexes it."""
        self.call(
            f"flush {name}",
            lambda client, limit: client.flush(name, timeout=limit),
            seconds=max(_LOAD_SECONDS, self.address.timeout),
        )
        with self._lock:
            self._unflushed.pop(name, None)

    def rows_since_flush(self, name: str) -> int:
        """How many rows were written to a table here since it was flushed."""
        return self._unflushed.get(name, 0)

    def loaded_bytes(self, name: str) -> int:
        """What a table takes in the memory of query nodes; 0 where the server does not say."""
        segments = self.call(
            f"look at the segments of {name}",
            lambda client, limit: client.list_loaded_segments(name, timeout=limit),
        )
        return sum(int(getattr(one, "mem_size", 0)) for one in segments)

    # Rows

    def upsert(self, table: Table, columns: Mapping[str, Values], partition: str = "") -> int:
        """Write rows, given as columns of equal length; returns the timestamp of the write."""
        from pymilvus.grpc_gen.milvus_pb2 import UpsertRequest

        rows = len(columns[table.key])
        # pymilvus packs value by value, which takes longer than the server does with the rows.
        request = UpsertRequest(
            db_name=self.address.database,
            collection_name=table.name,
            partition_name=partition,
            num_rows=rows,
            fields_data=[field_data(column, columns[column.name]) for column in table.columns],
        )
        operation = f"write {rows:,} rows to {table.name}"
        written = self._write(operation, table.name, "Upsert", request)
        with self._lock:
            self._unflushed[table.name] = self._unflushed.get(table.name, 0) + rows
        return written

    def delete(self, name: str, condition: str, partition: str = "") -> int:
        """Delete the rows that match, of a partition or of all; returns the timestamp."""
        from pymilvus.grpc_gen.milvus_pb2 import DeleteRequest

        request = DeleteRequest(
            db_name=self.address.database,
            collection_name=name,
            partition_name=partition,
            expr=condition,
        )
        return self._write(f"take rows out of {name}", name, "Delete", request)

    def _write(self, operation: str, name: str, kind: str, request: Any) -> int:
        from pymilvus.client.utils import check_status

        def send(client: "MilvusClient", limit: float) -> int:
            stub = stub_of(client)
            answer = getattr(stub, kind)(request, timeout=limit)
            check_status(answer.status)
            if answer.timestamp:
                return int(answer.timestamp)
            # Older servers do not say when they deleted.
            return _now(client, limit)

        written = self.call(operation, send)
        with self._lock:
            self._written[name] = max(written, self._written.get(name, 0))
        return written

    def read(self, operation: str, name: str, function: "Callable[[MilvusClient, float], T]") -> T:
        """`call` for what reads a table, which is loaded when it turns out not to be."""
        for _ in range(2):
            try:
                return self.call(operation, function)
            except StoreError as error:
                if not failures.is_not_loaded(error):
                    raise
                self.load(name)
        return self.call(operation, function)

    def query(
        self,
        name: str,
        condition: str,
        columns: Sequence[str],
        *,
        limit: int | None = None,
        since: int | None = None,
    ) -> list[dict[str, Any]]:
        """Rows of a table that match: with a limit those of the least keys, else in any order.

        JSON comes as bytes. `since` is the timestamp of a write that must be seen; by default the
        address says what must.
        """
        found = self.columns(name, condition, columns, limit=limit, since=since)
        wanted = [column for column in found if column in columns]
        rows = zip(*(found[column] for column in wanted), strict=True)
        return [dict(zip(wanted, row, strict=True)) for row in rows]

    def columns(
        self,
        name: str,
        condition: str,
        columns: Sequence[str],
        *,
        limit: int | None = None,
        since: int | None = None,
    ) -> dict[str, Values]:
        """What `query` answers, column by column; vectors are (n, dim) or (n, bits/8)."""
        from pymilvus.client.utils import check_status
        from pymilvus.grpc_gen.milvus_pb2 import QueryRequest

        options = self.consistency(name) if since is None else seen(since)
        request = QueryRequest(
            db_name=self.address.database,
            collection_name=name,
            expr=condition,
            output_fields=list(columns),
            use_default_consistency=False,
            consistency_level=options["consistency_level"],
            guarantee_timestamp=options["guarantee_timestamp"],
        )
        if limit is not None:
            request.query_params.add(key="limit", value=str(limit))

        def ask(client: "MilvusClient", seconds: float) -> dict[str, Values]:
            answer = stub_of(client).Query(request, timeout=seconds)
            check_status(answer.status)
            return {data.field_name: values_of(data) for data in answer.fields_data}

        return self.read(f"read {name}", name, ask)

    def count(self, name: str, condition: str = "") -> int:
        """How many rows of a table match."""
        (count,) = self.columns(name, condition, ["count(*)"])["count(*)"]
        return int(count)

    def consistency(self, name: str) -> dict[str, Any]:
        """What makes a read of a table see what the address's consistency says."""
        if self.address.consistency == "session":
            # What was there when it was opened, and what was written since.
            return seen(self._written.get(name, self.opened))
        level, timestamp = _LEVELS[self.address.consistency]
        return {"consistency_level": level, "guarantee_timestamp": timestamp}

    def close(self) -> None:
        """Let go of the server."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):
                client.close()


def seen(timestamp: int) -> dict[str, Any]:
    """What makes a read see everything up to a write."""
    return {"consistency_level": _CUSTOMIZED, "guarantee_timestamp": max(timestamp, _EVENTUALLY)}


def require_pymilvus() -> None:
    """See that pymilvus is there.

    Raises:
        MissingExtraError: it is not.
    """
    _pymilvus()


def _pymilvus() -> Any:
    # What fails is told by our own errors; both would write to the terminal besides.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        import pymilvus
    except ImportError as error:
        raise MissingExtraError(
            "collections on a Milvus server need pymilvus: pip install 'lookalike[milvus]'"
        ) from error
    logger = logging.getLogger("pymilvus")
    if logger.level == logging.NOTSET or logger.level < logging.CRITICAL:
        logger.setLevel(logging.CRITICAL)
    return pymilvus


def _version(client: "MilvusClient", limit: float) -> str:
    return str(client.get_server_version(timeout=limit))


def _now(client: "MilvusClient", limit: float) -> int:
    from pymilvus.client.utils import check_status
    from pymilvus.grpc_gen.milvus_pb2 import AllocTimestampRequest

    answer = stub_of(client).AllocTimestamp(AllocTimestampRequest(), timeout=limit)
    check_status(answer.status)
    return int(answer.timestamp)


def _field_options(table: Table, column: Column) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if column.name == table.key:
        options["is_primary"] = True
    if column.name == table.partition_key:
        options["is_partition_key"] = True
    if column.type == Type.VARCHAR:
        options["max_length"] = column.size
    if column.type in {Type.BINARY_VECTOR, Type.FLOAT_VECTOR}:
        options["dim"] = column.size
    return options


def pages(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """The values in parts of at most `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
