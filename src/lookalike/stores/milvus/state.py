"""What every part of a Milvus store works with: the connection, the tables, the encoders."""

import contextlib
import threading
import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lookalike.errors import LookalikeError, NotFoundError, StoreError, UsageError
from lookalike.indexes import Wished
from lookalike.indexes.parameters import Value
from lookalike.records import AttributeKind
from lookalike.stores import checks
from lookalike.stores.milvus import capabilities, roster, wreck
from lookalike.stores.milvus.address import MilvusAddress
from lookalike.stores.milvus.claims import Claims
from lookalike.stores.milvus.connection import Connection
from lookalike.stores.milvus.head import COLLECTION, FOREIGN, HEAD, foreign_entry, head_entry
from lookalike.stores.milvus.kept import KeptTable
from lookalike.stores.milvus.layout import VERSION, Layout, Table
from lookalike.stores.milvus.partitions import Partitions
from lookalike.stores.milvus.presence import Presence
from lookalike.stores.milvus.recent import Recent
from lookalike.stores.milvus.roster import Member
from lookalike.stores.space import Space

EXACT_INDEX: tuple[str, Mapping[str, Any]] = ("BIN_FLAT", {})
_FRESH_SECONDS = 2.0
"""For how long what other processes may change of the roster is not asked for again."""
_WRITERS = 4
LOOKED_UP = ("uri", "sha256", "md5", "pixels", "duplicate_of")
"""Columns of the records that have an index of their own."""


class State:
    """One open collection.

    `foreign` says that a record may have another id than its uri would give it.
    """

    def __init__(
        self, connection: Connection, layout: Layout, kept: KeptTable, *, read_only: bool
    ) -> None:
        """Use `open_state`."""
        self.connection = connection
        self.address: MilvusAddress = connection.address
        self.layout = layout
        self.kept = kept
        self.read_only = read_only
        self.recent = Recent(connection.opened)
        self.foreign = False
        self.members: dict[str, Member] = {}
        self.trying: dict[str, Mapping[str, Value]] = {}
        """Parameters that searches by an encoder are tried with here, in place of those kept."""
        self.loaded: set[str] = set()
        """Tables of raw vectors that were loaded here, to be released in the end."""
        self._spaces: dict[str, tuple[int, Space]] = {}
        self._fresh = 0.0
        self.pool = ThreadPoolExecutor(_WRITERS, "lookalike-milvus")
        self.claims = Claims()
        self.presence = Presence(connection, kept)
        self.partitions = Partitions(connection)
        self._lock = threading.Lock()
        self.refresh()

    @property
    def declared(self) -> Mapping[str, AttributeKind]:
        """The attributes that have columns of their own, and what they hold."""
        return self.layout.declared

    @property
    def records(self) -> Table:
        """The table of records."""
        return self.layout.records

    def refresh(self) -> None:
        """Ask again what encoders there are, and whether ids are foreign."""
        with self._lock:
            self.members = roster.trying(roster.members(self.kept), self.trying)
            self.foreign = self.foreign or bool(self.kept.get(COLLECTION, [FOREIGN]))
            self._fresh = time.monotonic()

    def refresh_if_stale(self) -> None:
        """`refresh`, unless that was done a moment ago."""
        if time.monotonic() - self._fresh > _FRESH_SECONDS:
            self.refresh()

    def note_foreign(self) -> None:
        """Let everybody know that a record may have another id than its uri would give it."""
        if not self.foreign:
            self.kept.put([foreign_entry()])
            self.foreign = True

    def member(self, name: str, kind: str | None = None) -> Member:
        """An encoder by name.

        Raises:
            UnknownEncoderError: the collection does not have it.
            UsageError: it makes the other kind of vectors.
        """
        if name not in self.members:
            self.refresh()
        found = checks.member(self.members, name)
        if kind is not None and found.spec.kind != kind:
            raise UsageError(f"Encoder {name!r} makes {found.spec.kind}s: ask it for those.")
        return found

    def space(self, one: Member) -> Space:
        """The space in which an encoder's embeddings are compared, and by which index."""
        name = one.spec.name
        held = self._spaces.get(name)
        if held is None or held[0] != one.generation or held[1].index != one.index:
            space = Space(one.spec, roster.projection(self.kept, one), one.index)
            held = self._spaces[name] = (one.generation, space)
        return held[1]

    def compared(self, one: Member) -> Table:
        """The table of an encoder's vectors as they are compared."""
        return self.layout.compared(one.spec, one.size, one.generation)

    def recent_rows(
        self, ids: Collection[int] | None = None
    ) -> tuple[int | None, dict[int, Mapping[str, Any] | None]]:
        """Rows written here a moment ago, and the write that a read beside them must see.

        None where the address's consistency says that.
        """
        if self.address.consistency == "strong":
            return None, {}
        since, rows = self.recent.of(ids)
        return (since if self.address.consistency == "session" else None), rows

    def load_raw(self, name: str) -> None:
        """Have a table of raw vectors loaded until the collection is closed."""
        if name not in self.loaded:
            self.connection.ready(name)
            self.loaded.add(name)

    def close(self) -> None:
        """Give back what was loaded only for now, and let go of the server."""
        self.presence.end()
        self.pool.shutdown()
        for name in self.loaded:
            with contextlib.suppress(LookalikeError):
                self.connection.release(name)
        self.connection.close()

    def need_writable(self) -> None:
        """See that the collection can be changed.

        Raises:
            UsageError: it is open read-only.
        """
        if self.read_only:
            raise UsageError(
                f"The collection {self.address} is open read-only: open it for writing to change "
                "it."
            )


def open_state(
    address: MilvusAddress,
    *,
    create: bool,
    read_only: bool,
    declared: Mapping[str, AttributeKind] | None,
    wished: Wished | None = None,
) -> State:
    """Open a collection, making it where there is none if that is allowed.

    Raises:
        NotFoundError: there is none, and none may be made.
        UsageError: other attributes or another tenancy are asked for than it was made with, or the
            server has no such indexes as are `wished`.
        StoreError: the server failed, or a newer lookalike made the collection.
    """
    connection = Connection(address)
    try:
        capabilities.check_version(connection.version, address.server)
        # Before anything is made.
        (wished or Wished()).check("milvus", connection.version)
        kept_table = Layout(address.name, {}).kept
        kept = KeptTable(connection, kept_table)
        if not connection.has(kept_table.name):
            if wreck.left_over(connection, address.name):
                raise wreck.refusal(address, kept_table.name)
            if read_only or not create:
                raise NotFoundError(
                    f"There is no collection at {address}: make one with `lookalike index`."
                )
            _make(connection, kept, kept_table, address, declared or {})
        head = kept.get(COLLECTION, [HEAD]).get(HEAD)
        if head is None:
            if read_only:
                raise NotFoundError(f"The collection {address} is only being made: try again.")
            # Who was making it died half-way.
            head = _make(connection, kept, kept_table, address, declared or {})
        layout = _layout(address, head, declared)
        if not connection.has(layout.records.name):
            raise wreck.refusal(address, layout.records.name)
        connection.ready(layout.records.name)
        return State(connection, layout, kept, read_only=read_only)
    except BaseException:
        connection.close()
        raise


def _make(
    connection: Connection,
    kept: KeptTable,
    kept_table: Table,
    address: MilvusAddress,
    declared: Mapping[str, AttributeKind],
) -> dict[str, Any]:
    """Make the tables of a collection, and say last what it is."""
    if connection.has(address.name) and not connection.has(kept_table.name):
        raise UsageError(
            f"{address}: there is a Milvus collection of that name, and it is not lookalike's: "
            "use another name."
        )
    entry = head_entry(
        declared,
        address.tenancy or "key",
        # Older servers put what is upserted where they do not look for it.
        keyed=capabilities.can(connection.version, "keyed upsert"),
    )
    head: dict[str, Any] = entry.value
    layout = _layout(address, head, declared)
    # Each takes seconds, most of them waiting.
    with ThreadPoolExecutor(2) as pool:
        indexed = [*LOOKED_UP, *layout.filtered]
        made = pool.submit(connection.create, layout.records, EXACT_INDEX, indexed)
        connection.create(kept_table, EXACT_INDEX)
        made.result()
    kept.put([entry])
    return head


def _layout(
    address: MilvusAddress, head: dict[str, Any], declared: Mapping[str, AttributeKind] | None
) -> Layout:
    if head["version"] > VERSION:
        raise StoreError(
            f"{address} was written by a newer lookalike (format {head['version']}; this one knows "
            f"{VERSION}): upgrade with `pip install --upgrade lookalike`."
        )
    if address.tenancy not in {None, head["tenancy"]}:
        raise UsageError(
            f"{address}: this collection was made with tenancy={head['tenancy']}; leave that "
            "option out, or copy it into a new collection."
        )
    checks.refuse_other_declared(str(address), head["declared"], declared)
    return Layout(address.name, head["declared"], head["tenancy"], head["keyed"])
