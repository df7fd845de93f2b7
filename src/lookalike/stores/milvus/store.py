"""The Milvus store: the records and vectors of a collection on a server, for many writers."""

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from types import TracebackType

from lookalike.encoders.projection import Projection
from lookalike.errors import NotFoundError
from lookalike.indexes import IndexSpec, Wished
from lookalike.indexes.kinds import Version
from lookalike.indexes.parameters import Place, Value
from lookalike.records import AttributeKind, EncoderSpec
from lookalike.stores.base import Progress, StoreStats
from lookalike.stores.milvus import encoders, indexing, trying, upkeep, wreck
from lookalike.stores.milvus.address import MilvusAddress
from lookalike.stores.milvus.connection import Connection
from lookalike.stores.milvus.finding import Finding
from lookalike.stores.milvus.holding import Holding
from lookalike.stores.milvus.layout import Layout
from lookalike.stores.milvus.state import State, open_state


class MilvusStore(Holding, Finding):
    """Records, embeddings and hashes on a Milvus server; implements `stores.base.Store`.

    Safe to use from several threads, and by several processes at a time.
    """

    many_writers = True
    place: Place = "milvus"

    def __init__(self, state: State) -> None:
        """Use `open`."""
        self._state = state

    @classmethod
    def open(
        cls,
        address: MilvusAddress,
        *,
        create: bool = True,
        read_only: bool = False,
        attributes: Mapping[str, AttributeKind] | None = None,
        wished: Wished | None = None,
    ) -> "MilvusStore":
        """Open the collection at an address, making it where there is none unless told not to.

        Args:
            address: where it is.
            create: whether it may be made.
            read_only: refuse to change anything.
            attributes: the attributes that get a column and an index of their own, when it is made.
            wished: the indexes that new encoders are to get: the server must have them.

        Raises:
            NotFoundError: there is no collection and none may be made.
            UsageError: it was made with other attributes or another tenancy, or the server has no
                such index.
            StoreError: the server does not answer or fails.
            MissingExtraError: pymilvus is not installed.
        """
        state = open_state(
            address, create=create, read_only=read_only, declared=attributes, wished=wished
        )
        return cls(state)

    @property
    def address(self) -> str:
        """Where the collection is, without secrets."""
        return str(self._state.address)

    @property
    def version(self) -> Version:
        """The server's."""
        return self._state.connection.version

    @property
    def read_only(self) -> bool:
        """Whether it refuses to be changed."""
        return self._state.read_only

    def declared(self) -> Mapping[str, AttributeKind]:
        """The attributes that have a column and an index of their own, and what they hold."""
        return dict(self._state.declared)

    def encoders(self) -> tuple[EncoderSpec, ...]:
        """The collection's encoders, in the order they were added."""
        self._state.refresh_if_stale()
        return tuple(one.spec for one in self._state.members.values())

    def add_encoder(
        self,
        spec: EncoderSpec,
        projection: Projection | None = None,
        index: IndexSpec | None = None,
    ) -> None:
        """Add an encoder; doing it again with the same spec changes nothing.

        `projection` is what a new one's embeddings are compared through, `index` the one they get.
        """
        encoders.add(self._state, spec, projection, index)

    def projection(self, encoder: str) -> Projection | None:
        """What the embeddings of an encoder are compared through; None when as they are."""
        return self._state.space(self._state.member(encoder, "embedding")).projection

    def index(self, encoder: str) -> IndexSpec:
        """The index that an encoder's vectors have, with all its parameters."""
        return self._state.member(encoder).index

    def set_index(
        self, encoder: str, index: IndexSpec, progress: Progress | None = None
    ) -> IndexSpec:
        """Give an encoder's vectors another index, or the same one other search parameters."""
        return indexing.set_index(self._state, self._state.member(encoder), index, progress)

    def searching(
        self, encoder: str, parameters: Mapping[str, Value]
    ) -> AbstractContextManager[None]:
        """Within the block, searches of this store use these parameters; nothing is kept."""
        return indexing.searching(self._state, encoder, parameters)

    @contextlib.contextmanager
    def aside(self) -> "Iterator[MilvusStore]":
        """An empty collection on the same server, to try things in; gone when the block ends."""
        self._state.need_writable()
        connection, address = self._state.connection, self._state.address
        trying.sweep(connection, address.name)
        tried = replace(address, name=trying.name_beside(address.name), tenancy=None)
        try:
            with MilvusStore.open(tried) as store:
                yield store
        finally:
            trying.drop_tried(connection, tried.name)

    def set_projection(
        self, encoder: str, projection: Projection | None, progress: Progress | None = None
    ) -> None:
        """Compare embeddings through another projection from now on, or as they are.

        Vectors are made again from the stored embeddings. Searches go on with the old ones until
        all are there; writes of this process wait, and no other one should write meanwhile.
        """
        self._state.need_writable()
        with self._state.claims.of_all():
            encoders.drop_leftovers(self._state)
            one = self._state.member(encoder, "embedding")
            encoders.set_projection(self._state, one, projection, progress)

    def optimize(self, progress: Progress | None = None, *, alone: bool = True) -> None:
        """Have the server index what was written here, if it is much, and wait until it has.

        When this is no one of several workers, which is `alone`, vectors without a record that are
        older than an hour are swept, and `missing` gets records that lost theirs. What is younger
        may be of a write under way.
        """
        self._state.need_writable()
        upkeep.optimize(self._state, progress, alone=alone)

    def rebuild(self, progress: Progress | None = None) -> None:
        """Make every table of compared vectors again, and its index, from what is kept.

        Searches go on with the old ones; no other process should write meanwhile.
        """
        self._state.need_writable()
        with self._state.claims.of_all():
            upkeep.rebuild(self._state, progress)

    def stats(self) -> StoreStats:
        """Counts, and bytes in the memory of query nodes where the server says."""
        return upkeep.stats(self._state)

    def close(self) -> None:
        """Let go; the store cannot be used afterwards."""
        self._state.close()

    def __enter__(self) -> "MilvusStore":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def exists(address: MilvusAddress) -> bool:
    """Whether there is a collection at an address.

    Raises:
        StoreError: the server does not answer or fails.
    """
    connection = Connection(address)
    try:
        return connection.has(Layout(address.name, {}).kept.name)
    finally:
        connection.close()


def drop(address: MilvusAddress) -> None:
    """Delete the collection at an address with all that is kept of it.

    Raises:
        NotFoundError: there is none.
        StoreError: the server does not answer or fails.
    """
    connection = Connection(address)
    try:
        kept = Layout(address.name, {}).kept.name
        if not connection.has(kept):
            left = wreck.left_over(connection, address.name)
            if not left:
                raise NotFoundError(f"There is no collection at {address}.")
            for name in left:
                connection.drop(name)
            return
        own = [name for name in connection.tables() if name.startswith(f"{address.name}__")]
        # What says that it is a collection goes last, so that a drop that stopped can go on.
        for name in [*(name for name in own if name != kept), address.name, kept]:
            connection.drop(name)
    finally:
        connection.close()
