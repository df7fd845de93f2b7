"""The Milvus store: the records and vectors of a collection on a server, for many writers."""

from collections.abc import Mapping
from types import TracebackType

from lookalike.encoders.projection import Projection
from lookalike.indexes import IndexSpec
from lookalike.records import AttributeKind, EncoderSpec
from lookalike.stores.milvus import encoders
from lookalike.stores.milvus.address import MilvusAddress
from lookalike.stores.milvus.holding import Holding
from lookalike.stores.milvus.state import State, open_state


class MilvusStore(Holding):
    """Records, embeddings and hashes on a Milvus server; implements `stores.base.Store`.

    Safe to use from several threads, and by several processes at a time.
    """

    many_writers = True

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
    ) -> "MilvusStore":
        """Open the collection at an address, making it where there is none unless told not to.

        Args:
            address: where it is.
            create: whether it may be made.
            read_only: refuse to change anything.
            attributes: the attributes that get a column and an index of their own, when it is made.

        Raises:
            NotFoundError: there is no collection and none may be made.
            UsageError: it was made with other attributes or another tenancy.
            StoreError: the server does not answer or fails.
            MissingExtraError: pymilvus is not installed.
        """
        state = open_state(address, create=create, read_only=read_only, declared=attributes)
        return cls(state)

    @property
    def address(self) -> str:
        """Where the collection is, without secrets."""
        return str(self._state.address)

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
