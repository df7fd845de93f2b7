"""A partition for each tenant, in collections that were made so (`tenancy=partitions`)."""

import re
import threading
import time
from collections.abc import Iterable

from lookalike.errors import StoreError, UsageError
from lookalike.filters import And, Comparison, Field, Filter, OneOf, Or
from lookalike.stores.milvus.connection import Connection
from lookalike.stores.milvus.layout import TENANT_PARTITION, partition_of

_FRESH_SECONDS = 2.0
"""For how long a partition that was there is taken to be there."""
_MOST_AT_A_TIME = 64
"""Partitions that one search names; of more tenants all partitions are searched."""
_TOO_MANY = re.compile("exceed", re.IGNORECASE)
_TENANT = Field(("tenant",), system=True)


class Partitions:
    """Which partitions the tables of a collection have; safe to use from several threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._there: dict[str, tuple[float, set[str]]] = {}
        self._lock = threading.Lock()

    def make(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Make the partitions (table, partition) that are not there; "" is none.

        Raises:
            UsageError: the server allows no more of them.
        """
        with self._lock:
            for table, name in dict.fromkeys(wanted):
                if name and name not in self._of(table, {name}):
                    self._create(table, name)
                    self._there[table][1].add(name)

    def searched(self, table: str, where: Filter | None) -> list[str] | None:
        """The partitions of all records that can pass; None where they may be in any."""
        tenants = tenants_of(where)
        if tenants is None or len(tenants) > _MOST_AT_A_TIME:
            return None
        names = {partition_of(tenant) for tenant in tenants}
        with self._lock:
            return sorted(names & self._of(table, names))

    def drop_empty(self, tables: Iterable[str]) -> None:
        """Drop the partitions of tenants without rows; while nobody else writes."""
        for table in tables:
            with self._lock:
                self._there.pop(table, None)
                for name in self._of(table, set()):
                    if name.startswith(TENANT_PARTITION) and not self._count(table, name):
                        self._drop(table, name)
                self._there.pop(table, None)

    def _of(self, table: str, wanted: set[str]) -> set[str]:
        """The partitions of a table, asked for again where one of those wanted is not known."""
        read, found = self._there.get(table, (0.0, set[str]()))
        if not (wanted and wanted <= found and time.monotonic() - read < _FRESH_SECONDS):
            found = set(
                self._connection.call(
                    f"list the partitions of {table}",
                    lambda client, limit: client.list_partitions(table, timeout=limit),
                )
            )
            self._there[table] = time.monotonic(), found
        return found

    def _create(self, table: str, name: str) -> None:
        try:
            self._connection.call(
                f"make a partition of {table}",
                lambda client, limit: client.create_partition(table, name, timeout=limit),
            )
        except StoreError as error:
            if _TOO_MANY.search(str(error)) is None:
                raise
            raise UsageError(
                f"{self._connection.address}: each tenant has a partition of its own here, and "
                "the server allows no more of them: raise rootCoord.maxPartitionNum there, or copy "
                "into a collection with tenancy=key, which has room for any number."
            ) from error

    def _count(self, table: str, name: str) -> int:
        found = self._connection.call(
            f"count the rows of a partition of {table}",
            lambda client, limit: client.query(
                table,
                "",
                ["count(*)"],
                timeout=limit,
                partition_names=[name],
                consistency_level="Strong",
            ),
        )
        return int(found[0]["count(*)"])

    def _drop(self, table: str, name: str) -> None:
        self._connection.call(
            f"release a partition of {table}",
            lambda client, limit: client.release_partitions(table, [name], timeout=limit),
        )
        self._connection.call(
            f"drop a partition of {table}",
            lambda client, limit: client.drop_partition(table, name, timeout=limit),
        )


def tenants_of(where: Filter | None) -> set[str] | None:
    """The tenants whose records alone can pass; None where those of any may."""
    match where:
        case Comparison(field, "==", value) if field == _TENANT:
            return {str(value)}
        case OneOf(field, values) if field == _TENANT:
            return set(map(str, values))
        case And(parts):
            own = [found for part in parts if (found := tenants_of(part)) is not None]
            return set.intersection(*own) if own else None
        case Or(parts):
            every = [tenants_of(part) for part in parts]
            return None if None in every else set().union(*filter(None, every))
    return None
