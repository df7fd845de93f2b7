"""The store protocol: keeps records, embeddings and hashes; answers nearest neighbours."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lookalike.encoders.projection import Projection
    from lookalike.filters import Filter
    from lookalike.indexes import IndexSpec
    from lookalike.indexes.kinds import Version
    from lookalike.indexes.parameters import Place, Value
    from lookalike.records import AttributeKind, Attributes, Decision, EncoderSpec, Record, Skipped

Progress = Callable[[str, int, int], None]
"""Called as progress(stage, done, total) during long work."""

Digest = Literal["sha256", "md5", "pixels"]
"""Which of a record's digests."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture to upsert.

    With `id` None the record of the same (tenant, uri) is updated, else a new one is made.
    `vectors` maps an encoder's name to a (dim,) float vector of unit length or a (bits/8,)
    uint8 hash; encoders left out keep what the store has.
    `qualities` are 0..100, by the name of an encoder in `vectors` that measures one.
    `attributes` None keeps what the record has.
    `trimmed` are the hashes of the picture without its borders, by the name of an encoder of
    hashes; a new hash that comes without one has none. `pixels`, `border` and `duplicate_of` None
    keep what the record has as long as its bytes stay the same; a `duplicate_of` that is not there
    is passed over. `added` and `updated` are seconds since the epoch, for records that come from
    another store; None means now, and `added` None keeps what the record has.
    """

    uri: str
    tenant: str = ""
    id: int | None = None
    sha256: bytes | None = None
    md5: bytes | None = None
    size: int | None = None
    modified_ns: int | None = None
    width: int | None = None
    height: int | None = None
    format: str | None = None
    attributes: "Attributes | None" = None
    vectors: "Mapping[str, NDArray[Any]]" = field(default_factory=dict)
    qualities: Mapping[str, int] = field(default_factory=dict)
    trimmed: "Mapping[str, NDArray[np.uint8]]" = field(default_factory=dict)
    pixels: bytes | None = None
    border: str | None = None
    duplicate_of: int | None = None
    added: float | None = None
    updated: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class QueryPart:
    """One of several embeddings that a query is the weighted sum of.

    `vector` is (dim,) float32 of unit length, as the encoder made it; `text` says that it is of
    words, which a projection may centre otherwise than pictures. `projected` says that it is of
    the length at which vectors are compared, as `Store.compared` gives it.
    """

    vector: "NDArray[np.float32]"
    weight: float = 1.0
    text: bool = False
    projected: bool = False


Query: TypeAlias = "NDArray[np.float32] | Sequence[QueryPart]"
"""The embedding of one picture, or parts that are projected each, added up and normalised."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One raw answer: a record's id and its distance to the query.

    Cosine distance 0..2 for embeddings, Hamming distance in bits for hashes. `record` is there
    where the store had it at hand; None says nothing about whether there is one.
    """

    id: int
    distance: float
    record: "Record | None" = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class EncoderStats:
    """What a store holds for one encoder.

    `dimensions` are components of a vector in the index, or bits of a hash; `projection` is the
    version of what made them fewer, empty where embeddings are compared as they are.
    """

    spec: "EncoderSpec"
    vectors: int
    indexed: int
    index_bytes: int
    dimensions: int
    projection: str = ""


@dataclass(frozen=True, slots=True)
class StoreStats:
    """What a store holds: counts, bytes on disk, and what is wrong with it, in words."""

    records: int
    encoders: tuple[EncoderStats, ...]
    catalogue_bytes: int
    problems: tuple[str, ...] = ()


class Store(Protocol):
    """Records with embeddings and hashes, and the search over them.

    Ids are int64 ≥ 0. Every write is one transaction: when the call returns, it survives the
    death of the process. `where` is a parsed filter; None means all records.
    """

    @property
    def address(self) -> str:
        """Where the collection is: a folder's absolute path, or an address without secrets."""
        ...

    @property
    def many_writers(self) -> bool:
        """Whether several processes may write at a time."""
        ...

    @property
    def place(self) -> "Place":
        """Which kind of store it is; `indexes` knows what each can make."""
        ...

    @property
    def version(self) -> "Version | None":
        """The version of its server; None where there is none."""
        ...

    def declared(self) -> "Mapping[str, AttributeKind]":
        """The attributes that are indexed for filters from the start, and what they hold."""
        ...

    def encoders(self) -> "tuple[EncoderSpec, ...]":
        """The collection's encoders, in the order they were added."""
        ...

    def add_encoder(
        self,
        spec: "EncoderSpec",
        projection: "Projection | None" = None,
        index: "IndexSpec | None" = None,
    ) -> None:
        """Add an encoder; doing it again with the same spec changes nothing.

        `projection` is what a new one's embeddings are compared through, `index` the one that its
        vectors get; None is for the store to choose.

        Raises:
            UsageError: one of that name is there with another kind, size or fingerprint, or the
                store cannot make that index.
        """
        ...

    def index(self, encoder: str) -> "IndexSpec":
        """The index that an encoder's vectors have, with all its parameters.

        Every search asks for it: no request to a server is made.
        """
        ...

    def set_index(
        self, encoder: str, index: "IndexSpec", progress: Progress | None = None
    ) -> "IndexSpec":
        """Give an encoder's vectors another index, or the same one other search parameters.

        It is built from the stored vectors, unless only search parameters change. "auto" chooses
        by their number. When it is interrupted the old index stays.

        Returns:
            The index with all its parameters.

        Raises:
            UsageError: the store cannot make it; nothing was changed.
        """
        ...

    def searching(
        self, encoder: str, parameters: "Mapping[str, Value]"
    ) -> "AbstractContextManager[None]":
        """Within the block, searches of this store use these parameters; nothing is kept."""
        ...

    def aside(self) -> "AbstractContextManager[Store]":
        """An empty store of the same place beside this one, to try things in.

        It is gone when the block ends.
        """
        ...

    def upsert(self, entries: Sequence[Entry]) -> list[int]:
        """Insert or update records with their vectors; returns their ids in order."""
        ...

    def update_attributes(self, changes: "Mapping[int, Attributes]") -> None:
        """Replace the attributes of records by id; NotFoundError when an id is not there."""
        ...

    def move(self, moves: Mapping[int, Entry]) -> None:
        """Give records another uri and file facts (size, modified_ns); vectors and id stay."""
        ...

    def delete(self, ids: Sequence[int]) -> int:
        """Delete records by id; returns how many were there."""
        ...

    def get(self, ids: Sequence[int]) -> "list[Record | None]":
        """Records by id, in order; None where there is none."""
        ...

    def find(self, uris: Sequence[str], tenant: str = "") -> "dict[str, Record]":
        """Records by uri within one tenant."""
        ...

    def find_digests(
        self,
        digests: Sequence[bytes],
        tenant: str | None = "",
        after: int = -1,
        limit: int | None = None,
        *,
        kind: Digest = "sha256",
    ) -> "dict[bytes, list[Record]]":
        """Records by a digest within one tenant, in order of id, those with id > `after`.

        At most `limit` for each digest; of whatever tenant with None.
        """
        ...

    def set_pixels(self, digests: Mapping[bytes, bytes]) -> None:
        """Keep digests of pixels, by the SHA-256 of the files that they were decoded from.

        Searches call this: while something else is being written for long, they are passed over.
        """
        ...

    def scan(
        self, where: "Filter | None" = None, after: int = -1, limit: int | None = None
    ) -> "Iterator[Record]":
        """Records in order of id, those with id > `after`; safe while the store is written to."""
        ...

    def count(self, where: "Filter | None" = None) -> int:
        """How many records."""
        ...

    def missing(
        self, encoder: str, after: int = -1, limit: int = 1024, *, files_only: bool = False
    ) -> "list[Record]":
        """Records that have no vector for that encoder, in order of id, those with id > `after`.

        `files_only` leaves out those without a file's time, without looking at each.
        """
        ...

    def vectors(self, encoder: str, ids: Sequence[int]) -> "dict[int, NDArray[Any]]":
        """Stored vectors by id: (dim,) float32 or (bits/8,) uint8; absent ids are left out."""
        ...

    def compared(self, encoder: str, ids: Sequence[int]) -> "dict[int, NDArray[Any]]":
        """Vectors by id as they are compared: projected ones where there is a projection.

        (dim,) float32 or (bits/8,) uint8; absent ids are left out.
        """
        ...

    def all_vectors(self, encoder: str) -> "Iterator[tuple[NDArray[np.int64], NDArray[Any]]]":
        """All stored vectors in chunks, in order of id, as of one moment.

        Ids (n,) and vectors, (n, dim) float32 or (n, bits/8) uint8.
        """
        ...

    def trimmed(self, encoder: str, ids: Sequence[int]) -> "dict[int, NDArray[np.uint8]]":
        """Hashes of pictures without their borders, by id; absent ids are left out.

        Embeddings have none.
        """
        ...

    def projection(self, encoder: str) -> "Projection | None":
        """What the embeddings of an encoder are compared through; None when as they are."""
        ...

    def set_projection(
        self,
        encoder: str,
        projection: "Projection | None",
        progress: Progress | None = None,
    ) -> None:
        """Compare embeddings through another projection from now on, or as they are.

        The index is built again from the stored embeddings; until it is whole, and when the
        process dies before, the old one answers.
        """
        ...

    def qualities(self, encoder: str, ids: Sequence[int]) -> dict[int, int]:
        """Qualities of stored hashes by id, 0..100; absent ids are left out."""
        ...

    def nearest(
        self,
        encoder: str,
        query: "Query",
        limit: int,
        *,
        offset: int = 0,
        where: "Filter | None" = None,
        max_distance: float | None = None,
    ) -> list[Neighbour]:
        """Nearest embeddings by cosine distance, ties by id.

        The query is as the encoder made it and is projected here. Pages of one query never repeat
        or skip a record while the store is not written to.
        """
        ...

    def nearest_each(
        self,
        encoder: str,
        queries: "NDArray[np.float32]",
        limits: Sequence[int],
        *,
        where: "Filter | None" = None,
    ) -> list[list[Neighbour]]:
        """What `nearest` answers to each of (n, dim) queries, a limit for each."""
        ...

    def distances(
        self,
        encoder: str,
        query: "NDArray[Any] | Sequence[QueryPart]",
        ids: Sequence[int],
    ) -> dict[int, float]:
        """Distances by id, each compared, as `nearest` and `within` give them.

        Absent ids are left out.
        """
        ...

    def within(
        self,
        encoder: str,
        query: "NDArray[np.uint8]",
        radius: int,
        limit: int,
        *,
        offset: int = 0,
        where: "Filter | None" = None,
    ) -> list[Neighbour]:
        """Exact: hashes within `radius` bits of the query, nearest first, ties by id.

        Of a record that has the hash of its trimmed picture, too, the nearer one counts.
        """
        ...

    def setting(self, key: str) -> Any | None:
        """A value that was kept with the collection; None when there is none."""
        ...

    def set_setting(self, key: str, value: Any | None) -> None:
        """Keep a value that JSON can hold, or forget it with None."""
        ...

    def settings(self) -> dict[str, Any]:
        """All values that were kept with the collection, by key."""
        ...

    def decide(self, decisions: "Sequence[Decision]") -> None:
        """Keep what was decided about pairs of records; a pair's last decision counts.

        Decisions vanish when one of the records is deleted or gets other bytes.

        Raises:
            UsageError: a decision's first id is not below the second.
            NotFoundError: one of the records is not there.
        """
        ...

    def decisions(self) -> "list[Decision]":
        """All that was decided, in order of ids."""
        ...

    def forget_decisions(self, decisions: "Sequence[Decision]") -> None:
        """Forget what was decided about these pairs."""
        ...

    def skip(self, files: "Sequence[Skipped]") -> None:
        """Remember files that were not added; forgotten with the record that they duplicate.

        NotFoundError when that is not there.
        """
        ...

    def skipped(self, uris: Sequence[str], tenant: str = "") -> "dict[str, Skipped]":
        """Files of one tenant that were not added, by uri."""
        ...

    def all_skipped(self) -> "Iterator[Skipped]":
        """Files that were not added, of every tenant, in any order."""
        ...

    def segments(
        self,
        encoder: str,
        query: "NDArray[np.uint8]",
        segments: int,
        minimum: int,
        limit: int,
        *,
        offset: int = 0,
        where: "Filter | None" = None,
    ) -> list[Neighbour]:
        """Hashes equal to the query in at least `minimum` of `segments` parts of equal width.

        Nearest first by Hamming distance, ties by id.

        Raises:
            UsageError: the hash cannot be cut so.
        """
        ...

    def optimize(self, progress: Progress | None = None, *, alone: bool = True) -> None:
        """Build what makes search fast for everything added since the last time.

        Where others write at the same time, which is not `alone`, nothing is waited for, and
        nothing taken away that may be theirs.
        """
        ...

    def rebuild(self, progress: Progress | None = None) -> None:
        """Throw every index away and build it again from what is kept, reading no picture."""
        ...

    def stats(self) -> StoreStats:
        """Counts, sizes and health."""
        ...

    def close(self) -> None:
        """Flush and let go; the store cannot be used afterwards."""
        ...
