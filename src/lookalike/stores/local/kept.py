"""What of a local store only needs its catalogue: records, digests, decisions, settings."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lookalike.errors import UsageError
from lookalike.filters import Filter
from lookalike.records import AttributeKind, Decision, Record, Skipped
from lookalike.stores.base import Digest
from lookalike.stores.local import deciding, reading, settings, skipping, writing
from lookalike.stores.local.catalogue import Catalogue
from lookalike.stores.local.room import need_room

_ROW_BYTES = 8192
"""What a record takes on disk at most, in catalogue, log and index; see docs/storage.md."""
_PATIENCE_SECONDS = 0.2
"""How long digests of pixels wait for another write: building an index takes far longer."""


class Kept:
    """The part of a `LocalStore` that reads and writes the catalogue alone."""

    path: Path
    read_only: bool
    _catalogue: Catalogue
    _declared: Mapping[str, AttributeKind]

    def set_pixels(self, digests: Mapping[bytes, bytes]) -> None:
        """Keep digests of pixels, by the SHA-256 of their files, unless that had to wait."""
        self._need_writable()
        if not self._catalogue.lock.acquire(timeout=_PATIENCE_SECONDS):
            return
        try:
            with self._catalogue.writing() as connection:
                writing.set_pixels(connection, digests)
        finally:
            self._catalogue.lock.release()

    def set_setting(self, key: str, value: Any | None) -> None:
        """Keep a value that JSON can hold, or forget it with None."""
        self._need_writable()
        with self._catalogue.writing() as connection:
            settings.write(connection, key, value)

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Keep what was decided about pairs of records; a pair's last decision counts."""
        self._need_writable(len(decisions))
        with self._catalogue.writing() as connection:
            deciding.write(connection, decisions)

    def forget_decisions(self, decisions: Sequence[Decision]) -> None:
        """Forget what was decided about these pairs."""
        self._need_writable()
        with self._catalogue.writing() as connection:
            deciding.forget(connection, decisions)

    def skip(self, files: Sequence[Skipped]) -> None:
        """Remember files that were not added; forgotten with the record that they duplicate."""
        self._need_writable(len(files))
        with self._catalogue.writing() as connection:
            skipping.write(connection, files)

    def get(self, ids: Sequence[int]) -> list[Record | None]:
        """Records by id, in order; None where there is none."""
        return reading.get(self._catalogue, ids)

    def find(self, uris: Sequence[str], tenant: str = "") -> dict[str, Record]:
        """Records by uri within one tenant."""
        return reading.find(self._catalogue, uris, tenant)

    def find_digests(
        self,
        digests: Sequence[bytes],
        tenant: str | None = "",
        after: int = -1,
        limit: int | None = None,
        *,
        kind: Digest = "sha256",
    ) -> dict[bytes, list[Record]]:
        """Records by a digest within one tenant, in order of id, at most `limit` for each."""
        return reading.find_digests(self._catalogue, digests, tenant, after, limit, kind)

    def scan(
        self, where: Filter | None = None, after: int = -1, limit: int | None = None
    ) -> Iterator[Record]:
        """Records in order of id, those with id > `after`; safe while the store is written to."""
        return reading.scan(self._catalogue, where, after, limit)

    def count(self, where: Filter | None = None) -> int:
        """How many records."""
        return reading.count(self._catalogue, where)

    def declared(self) -> Mapping[str, AttributeKind]:
        """The attributes that filters find an index of from the start, and what they hold."""
        return dict(self._declared)

    def setting(self, key: str) -> Any | None:
        """A value that was kept with the collection; None when there is none."""
        return settings.read(self._catalogue, key)

    def settings(self) -> dict[str, Any]:
        """All values that were kept with the collection, by key."""
        return settings.read_all(self._catalogue)

    def decisions(self) -> list[Decision]:
        """All that was decided, in order of ids."""
        return deciding.read(self._catalogue)

    def skipped(self, uris: Sequence[str], tenant: str = "") -> dict[str, Skipped]:
        """Files of one tenant that were not added, by uri."""
        return skipping.read(self._catalogue, uris, tenant)

    def all_skipped(self) -> Iterator[Skipped]:
        """Files that were not added, of every tenant, in any order."""
        return skipping.read_all(self._catalogue)

    def _need_writable(self, rows: int | None = None) -> None:
        """See that the store can be changed, and that the disk has room for so many rows."""
        if self.read_only:
            raise UsageError(
                f"The collection {self.path} is open read-only: open it for writing to change it."
            )
        if rows is not None:
            need_room(self.path, _ROW_BYTES * rows)
