"""What every source of pictures yields: items to read, or failures to report."""

from collections.abc import Callable
from dataclasses import dataclass

from lookalike.records import Attributes


@dataclass(frozen=True, slots=True)
class Item:
    """One picture to be indexed, not read yet.

    `data` is the encoded file (JPEG, PNG…) or a function that reads it, called once on a
    worker thread; it raises PictureError or OSError when it cannot. `size` in bytes and
    `modified_ns`, when both are known, let a picture be skipped without being read.
    `attributes` None keeps what the record has. `id` is the id that the record is to have, an
    int64 ≥ 0; None leaves it to the store.
    """

    uri: str
    data: bytes | Callable[[], bytes]
    attributes: Attributes | None = None
    size: int | None = None
    modified_ns: int | None = None
    id: int | None = None

    @property
    def held(self) -> int:
        """Bytes that it keeps in memory before it is read."""
        return len(self.data) if isinstance(self.data, bytes) else 0

    def read(self) -> bytes:
        """The encoded file's bytes."""
        return self.data if isinstance(self.data, bytes) else self.data()


@dataclass(frozen=True, slots=True)
class Failure:
    """One picture or folder that could not be used, and why, in words."""

    uri: str
    reason: str
