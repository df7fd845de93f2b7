"""What is kept and what is answered, as frozen dataclasses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

MAX_ID = 2**63 - 1
"""The largest id a record can have."""

Attributes = Mapping[str, Any]
"""The user's own fields: str → str, int, float, bool, None, or a list of those."""


AttributeKind = Literal["number", "text", "boolean"]
"""What an attribute holds that is declared when a collection is made."""


OnDuplicate = Literal["keep", "skip", "link"]
"""What becomes of a new picture that is a duplicate of a record: added as any other, not added, or
added with the record's id as its `duplicate_of`."""


class Verdict(StrEnum):
    """What a hit is to the query picture."""

    IDENTICAL = "identical"
    """Same bytes."""
    COPY = "copy"
    """An edited version of the same picture."""
    SIMILAR = "similar"
    """Looks or means alike."""


@dataclass(frozen=True, slots=True)
class Record:
    """One picture in a collection.

    `id` is an int64 ≥ 0 that never changes and is never given to another picture.
    `size` is in bytes, `modified_ns` the file's modification time in nanoseconds since the epoch,
    `width` and `height` are pixels after EXIF orientation, `added` and `updated` are seconds
    since the epoch. `pixels` is the 16-byte digest of the decoded picture
    (`imaging.digest.pixels_digest`), where it has been taken. `border` is the colour of the border
    that its trimmed hashes were made without: "black", "white", "grey" or "coloured".
    `duplicate_of` is the id of the record that this one was found to be a duplicate of when it was
    added. Fields of pictures that were never read (`add_embeddings`) are None.
    """

    id: int
    uri: str
    tenant: str = ""
    sha256: bytes | None = None
    md5: bytes | None = None
    size: int | None = None
    modified_ns: int | None = None
    width: int | None = None
    height: int | None = None
    format: str | None = None
    attributes: Attributes = field(default_factory=dict)
    added: float = 0.0
    updated: float = 0.0
    pixels: bytes | None = None
    border: str | None = None
    duplicate_of: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about two records, `first` < `second`.

    "different": they are no duplicates. "keep": they are, and both stay. "ignore": the same for a
    whole group, as the pairs of its first member with the others. `made` is seconds since the
    epoch.
    """

    kind: Literal["different", "keep", "ignore"]
    first: int
    second: int
    made: float


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not added because it is a duplicate of the record `duplicate_of`.

    The other fields are those of `Record`; `reason` says in words why it is one.
    """

    uri: str
    tenant: str
    size: int
    modified_ns: int
    duplicate_of: int
    reason: str


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """One encoder as a collection remembers it.

    `size` is the number of components of an embedding, or of bits of a hash (a multiple of 8).
    `fingerprint` changes when weights or preprocessing change; embeddings of two fingerprints
    must never be compared. It is empty for vectors computed elsewhere.
    """

    name: str
    kind: Literal["embedding", "hash"]
    size: int
    fingerprint: str = ""


Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
"""Four corners in order, each x and y as fractions of a picture's width and height."""


@dataclass(frozen=True, slots=True)
class Match:
    """Proof that two pictures, a query and a record's, show the same photograph.

    `inliers` counts the local features that agree on one place (0 where only pixels did);
    `query_share` and `record_share` are the parts of each picture's area, 0..1, that the matched
    region covers, and `query_region` and `record_region` its corners, in the same order in both.
    A corner may lie a little outside of a picture (below 0 or above 1).
    The query shows the record's picture `mirrored` (left and right swapped), `inverted` (as a
    negative), then turned clockwise by `rotation` degrees (−180..180), and `scale` times as large
    in pixels of the pictures as they were compared. `score` says how sure that is, 0..1: of
    look-alikes that score 0.99 at most 1 % are wrong. `by` names the evidence: local "features",
    or "pixels" laid over each other. `places` are some of the places that are the same: x and y
    in the query, x and y in the record's picture, as fractions. `agreement` is the part of the
    matched region, 0..1, that really looks the same: where half of it is covered, about 0.5.
    """

    inliers: int
    query_share: float
    record_share: float
    query_region: Corners
    record_region: Corners
    mirrored: bool
    inverted: bool
    rotation: float
    scale: float
    score: float
    by: Literal["features", "pixels"] = "features"
    places: tuple[tuple[float, float, float, float], ...] = ()
    agreement: float = 1.0


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer to a query.

    `score` is 0..1: the cosine similarity of the two embeddings, or 1 − 2·d/bits for hashes
    (the cosine of the ±1 vectors that the bits stand for), with negative values shown as 0.
    `distance` is the cosine distance 1 − cos (0..2), or the Hamming distance d in bits.
    `reason` says in words why the verdict was given. Of a search for copies, `score` is how likely
    it is that the record is the same picture, `distance` is 1 − score, and `match` is the proof,
    where there is one. `group` is the value that hits were grouped by; None stands alone.
    """

    record: Record
    score: float
    distance: float
    verdict: Verdict = Verdict.SIMILAR
    reason: str = ""
    match: Match | None = None
    group: str | float | None = None

    @property
    def id(self) -> int:
        """The record's id."""
        return self.record.id

    @property
    def uri(self) -> str:
        """Where the picture is: an absolute path or a URL."""
        return self.record.uri

    @property
    def attributes(self) -> Attributes:
        """The record's attributes."""
        return self.record.attributes
