"""What of a local store changes or builds its indexes."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from lookalike.encoders.projection import Projection
from lookalike.errors import StoreError, UsageError
from lookalike.indexes import IndexSpec
from lookalike.indexes.parameters import Value
from lookalike.stores import checks
from lookalike.stores.base import Progress
from lookalike.stores.local import indexing, noting, roster
from lookalike.stores.local.catalogue import FILE_NAME
from lookalike.stores.local.hashes import HashTables
from lookalike.stores.local.kept import Kept
from lookalike.stores.local.roster import Member
from lookalike.stores.local.shards import Shards
from lookalike.stores.space import Space


class Upkeep(Kept):
    """The part of a `LocalStore` that looks after its indexes."""

    _known: dict[str, Member]
    _shards: Shards
    _hashes: HashTables
    _spaces: dict[str, tuple[int, Space]]

    def _member(self, name: str, kind: str | None = None) -> Member:
        found = self._known.get(name)
        if found is None and self.read_only:
            self._known = roster.members(self._catalogue)
        found = found or checks.member(self._known, name)
        if kind is not None and found.spec.kind != kind:
            raise UsageError(f"Encoder {name!r} makes {found.spec.kind}s: ask it for those.")
        return found

    def _space(self, encoder: Member) -> Space:
        if not self.read_only:
            return self._shards.index(encoder).space
        writes = self._catalogue.writes()
        held = self._spaces.get(encoder.spec.name)
        if held is None or held[0] != writes:
            held = (writes, roster.space(self._catalogue, encoder))
            self._spaces[encoder.spec.name] = held
        return held[1]

    def optimize(self, progress: Progress | None = None, *, alone: bool = True) -> None:
        """Build what makes search fast for everything added since the last time.

        Does nothing until enough has been added to be worth it. The writer is `alone` always.
        """
        self._need_writable()
        for one in self._known.values():
            if one.is_hash:
                self._hashes.optimize(one)
            else:
                self._shards.optimize(one, progress)

    def set_projection(
        self, encoder: str, projection: Projection | None, progress: Progress | None = None
    ) -> None:
        """Compare embeddings through another projection from now on, or as they are.

        The index is built again from the stored embeddings. Searches go on with the old one until
        it is whole; writes wait.
        """
        self._need_writable()
        self._shards.set_projection(self._member(encoder, "embedding"), projection, progress)

    def index(self, encoder: str) -> IndexSpec:
        """The index that an encoder's vectors have, with all its parameters."""
        return roster.index_spec(self._catalogue, self._member(encoder))

    def set_index(
        self, encoder: str, index: IndexSpec, progress: Progress | None = None
    ) -> IndexSpec:
        """Give an encoder's vectors another index, or the same one other search parameters."""
        self._need_writable()
        one = self._member(encoder)
        projection = None if one.is_hash else self._space(one).projection
        held = roster.vectors(self._catalogue, one)
        made = indexing.settle(one.spec, index, projection, held)
        if not one.is_hash:
            self._shards.set_index(one, made, progress)
        return made

    @contextlib.contextmanager
    def searching(self, encoder: str, parameters: Mapping[str, Value]) -> Iterator[None]:
        """Within the block, searches of this store use these parameters; nothing is kept."""
        self._need_writable()
        one = self._member(encoder, "embedding")
        index = self._shards.index(one)
        before = index.space
        index.use(replace(before, index=before.index.with_search(parameters)))
        try:
            yield
        finally:
            index.use(before)

    def rebuild(self, progress: Progress | None = None) -> None:
        """Throw every index away and build it again from what is kept, reading no picture.

        Raises:
            StoreError: the catalogue itself is damaged.
        """
        self._need_writable()
        if damage := self._catalogue.check():
            raise StoreError(
                f"{self._catalogue.path} is damaged ({damage[0]}): restore it from a backup, or "
                f"save what can be read with `sqlite3 {FILE_NAME} .recover`."
            )
        with self._catalogue.writing() as connection:
            noting.count_again(connection, self._known)
        self._hashes.forget()
        for one in self._known.values():
            if one.is_hash:
                self._hashes.rebuild(one)
            else:
                self._shards.rebuild(one, progress)
