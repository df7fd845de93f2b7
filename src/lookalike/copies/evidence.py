"""What is known of one candidate: everything that the judge decides by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lookalike.copies.views import WHOLE, Box
from lookalike.search.fingerprints import COPY_HASH

if TYPE_CHECKING:
    from lookalike.records import Match


@dataclass(frozen=True, slots=True)
class Look:
    """How the query was looked at; a `View` without its pixels.

    `trimmed` says that its borders were cut off first, and `box` is then a part of what was left.
    Where it was straightened, by a turn or against perspective, `straightened` is the degrees by
    which it had been turned clockwise, -45 to 45.
    """

    orientation: int = 0
    box: Box = WHOLE
    inverted: bool = False
    trimmed: bool = False
    straightened: float | None = None


@dataclass(frozen=True, slots=True)
class HashDistance:
    """The smallest distance between a hash of the query and one of the candidate.

    `distance` is in bits of `bits`. `record_trimmed` says that it is to the hash of the
    candidate without its borders. `flat` says that the query's hash has too few bits set to say
    anything.
    """

    distance: int
    bits: int
    look: Look = field(default_factory=Look)
    record_trimmed: bool = False
    flat: bool = False


@dataclass(frozen=True, slots=True)
class Likeness:
    """The best cosine of a view of the query with the candidate, by the copy descriptor.

    `normalised` is the cosine after `normalise.Background`; the same number where there is no
    background for the encoder.
    """

    encoder: str
    cosine: float
    normalised: float
    look: Look = field(default_factory=Look)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All there is on one candidate; what was not looked at is left out.

    `hashes` are by encoder. `match` is what the proof found, `proved` whether it was tried; where
    it could not be, `unproved` says why. `few` says that it had hardly any features to go by.
    `plain` says that the pictures were compared and most of them is one plain ground, `same_ink`
    that what is on it is the same.
    """

    same_bytes: bool = False
    same_pixels: bool = False
    hashes: Mapping[str, HashDistance] = field(default_factory=dict)
    likeness: Likeness | None = None
    match: "Match | None" = None
    proved: bool = False
    unproved: str = ""
    few: bool = False
    plain: bool = False
    same_ink: bool = False

    def copy_hash_within(self, radius: int) -> HashDistance | None:
        """The distance by the copy hash, where it is as near as only copies are, in bits."""
        hashed = self.hashes.get(COPY_HASH)
        near = hashed is not None and not hashed.flat and hashed.distance <= radius
        return hashed if near else None
