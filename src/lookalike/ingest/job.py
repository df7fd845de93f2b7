"""One picture on its way through the pipeline, and what each stage does with it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder, MeasuresQuality
from lookalike.errors import EnvironmentFailure, LookalikeError
from lookalike.imaging import Limits, decode, pixels_digest, trimmed
from lookalike.imaging.room import ROOM
from lookalike.records import Attributes, Record
from lookalike.sources.base import Item
from lookalike.stores.base import Entry

if TYPE_CHECKING:
    from lookalike.ingest.known import Twin

UNKNOWN_BYTES = 32 << 20
"""Taken for the size of a file that is not known before it is read."""


@dataclass(slots=True, eq=False)
class Job:
    """A picture to be read, and what is known of it so far.

    `record` is the one the store has for its uri, `expected` how many bytes its file should have.
    `prepared` are the inputs of the encoders, `within` those of the encoders of hashes for the
    picture without its borders, where it has any.
    `followers` are pictures of the same bytes that wait for this one's vectors instead of being
    encoded themselves.
    """

    item: Item
    tenant: str
    record: Record | None = None
    attributes: Attributes | None = None
    expected: int = field(init=False)
    data: bytes = b""
    size: int = 0
    sha256: bytes = b""
    md5: bytes = b""
    width: int | None = None
    height: int | None = None
    format: str | None = None
    prepared: list[NDArray[Any]] = field(default_factory=list)
    vectors: dict[str, NDArray[Any]] = field(default_factory=dict)
    qualities: dict[str, int] = field(default_factory=dict)
    trimmed: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
    pixels: bytes | None = None
    border: str | None = None
    within: list[NDArray[Any]] = field(default_factory=list)
    followers: "list[Job]" = field(default_factory=list)

    def __post_init__(self) -> None:
        known = self.item.held or self.item.size
        self.expected = UNKNOWN_BYTES if known is None else known

    def entry(self) -> Entry:
        """What the store is to keep."""
        return Entry(
            uri=self.item.uri,
            tenant=self.tenant,
            id=self.item.id if self.record is None else self.record.id,
            sha256=self.sha256,
            md5=self.md5,
            size=self.size,
            modified_ns=self.item.modified_ns,
            width=self.width,
            height=self.height,
            format=self.format,
            attributes=self.attributes,
            vectors=self.vectors,
            qualities=self.qualities,
            trimmed=self.trimmed,
            pixels=self.pixels,
            border=self.border,
        )

    def like(self, other: "Job | Record") -> None:
        """Take over the facts that depend on the bytes alone."""
        self.width, self.height, self.format = other.width, other.height, other.format
        self.pixels, self.border = other.pixels, other.border

    def with_vectors_of(self, twin: "Job | Twin") -> None:
        """Take over what the encoders made of the same bytes."""
        self.vectors, self.qualities, self.trimmed = twin.vectors, twin.qualities, twin.trimmed

    def let_go(self) -> None:
        """Free what only encoding needs."""
        if self.item.held:
            self.item = replace(self.item, data=b"")
        self.data = b""
        self.prepared, self.within = [], []


def read(job: Job) -> None:
    """Read the picture's bytes, once, and take their digests."""
    job.data = job.item.read()
    job.size = len(job.data)
    job.sha256 = hashlib.sha256(job.data).digest()
    job.md5 = hashlib.md5(job.data, usedforsecurity=False).digest()


def prepare(job: Job, encoders: Sequence[Encoder], limits: Limits, min_side: int) -> None:
    """Decode once, with a shorter side of at least `min_side` pixels, and preprocess for each."""
    with ROOM.for_one() as take:
        picture = decode(job.data, min_side=min_side, limits=limits, before=take)
        job.data = b""
        job.width, job.height, job.format = picture.width, picture.height, picture.format
        hashers = [encoder for encoder in encoders if encoder.spec.kind == "hash"]
        # A JPEG is hashed in hardly more time than its pixels are digested in: without an encoder
        # that takes longer, that is left to who needs it.
        if picture.whole and (picture.format != "jpeg" or len(hashers) < len(encoders)):
            job.pixels = pixels_digest(picture.image)
        job.prepared = [encoder.prepare(picture.image) for encoder in encoders]
        if hashers and (inside := trimmed(picture.image)):
            job.border = inside.border
            job.within = [hasher.prepare(inside.image) for hasher in hashers]
        del picture  # before the next one comes in


def encode(jobs: Sequence[Job], encoders: Sequence[Encoder]) -> None:
    """Encode prepared pictures together.

    Raises:
        EnvironmentFailure: an encoder failed; that is no fault of the pictures.
    """
    for i, encoder in enumerate(encoders):
        prepared = [job.prepared[i] for job in jobs]
        try:
            if isinstance(encoder, MeasuresQuality):
                rows, qualities = encoder.encode_prepared_with_quality(prepared)
                for job, quality in zip(jobs, qualities, strict=True):
                    job.qualities[encoder.spec.name] = int(quality)
            else:
                rows = encoder.encode_prepared(prepared)
        except (LookalikeError, MemoryError):
            raise
        except Exception as error:
            raise EnvironmentFailure(f"the encoder {encoder.spec.name} failed: {error}") from error
        for job, row in zip(jobs, rows, strict=True):
            job.vectors[encoder.spec.name] = row
    _encode_trimmed([job for job in jobs if job.within], encoders)
    for job in jobs:
        job.let_go()


def _encode_trimmed(jobs: Sequence[Job], encoders: Sequence[Encoder]) -> None:
    """Hash pictures without their borders; what hashes like the whole picture is left out."""
    hashers = [encoder for encoder in encoders if encoder.spec.kind == "hash"]
    for i, hasher in enumerate(hashers if jobs else ()):
        name = hasher.spec.name
        for job, row in zip(jobs, hasher.encode_prepared([j.within[i] for j in jobs]), strict=True):
            if not np.array_equal(row, job.vectors[name]):
                job.trimmed[name] = row
    for job in jobs:
        if not job.trimmed:
            job.border = None
