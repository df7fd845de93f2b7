"""What is to be planned for: how many pictures, which encoders, how much is asked."""

from dataclasses import dataclass, field
from typing import Literal

from lookalike.encoders import registry
from lookalike.errors import UsageError

DEFAULT_ENCODERS = ("clip-vit-b-16", "phash", "sscd-distilled")


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder as far as a plan needs it.

    `size` is components of an embedding, or bits of a hash; `compared` is components after the
    projection, the same as `size` without one. `milliseconds` is what a picture takes in a batch on
    two processors, as measured (docs/models.md), None where it was not.
    """

    name: str
    kind: Literal["embedding", "hash"]
    size: int
    compared: int
    milliseconds: float | None = None

    @property
    def projected(self) -> bool:
        """Whether its vectors are kept twice: as the encoder made them, and as compared."""
        return self.kind == "embedding" and self.compared != self.size


def encoder(name: str) -> Encoder:
    """An encoder by its name, `dimensions:512` for vectors made elsewhere, or `bits:64` for hashes.

    Raises:
        UnknownEncoderError: there is none of that name.
        UsageError: the dimensions or bits cannot be.
    """
    kind, colon, number = name.partition(":")
    if colon and kind in {"dimensions", "bits"}:
        if not number.isdecimal() or not 1 <= int(number) <= 65536:
            raise UsageError(f"the encoder {name!r}: give {kind} from 1 to 65,536, as {kind}:512")
        if kind == "bits":
            if int(number) % 8:
                raise UsageError(f"the encoder {name!r}: the bits of a hash are a multiple of 8")
            return Encoder(name, "hash", int(number), int(number))
        return Encoder(name, "embedding", int(number), int(number))
    card = registry.card(name)
    compared = card.size if card.projection is None else card.projection.size
    return Encoder(card.name, card.kind, card.size, compared, card.quality.get("batch_ms"))


@dataclass(frozen=True, slots=True)
class Workload:
    """What is asked of a collection; sizes in bytes, rates per second.

    `attributes_bytes` is the length of a record's attributes as JSON, `uri_bytes` of its path or
    URL. `recall` is the share of the ten nearest that a search is to find. `node_memory` and
    `node_cores` are those of one machine that answers searches; `workers` are the machines that
    encode, `pictures_per_second` of each where it is not to follow from what was measured.
    `picture_bytes` is the length of a picture's file where object storage is to keep them, else 0.
    `indexes` are kinds of index to compare, with parameters or without.

    Raises:
        UsageError: a number that cannot be.
    """

    pictures: int
    encoders: tuple[Encoder, ...]
    tenants: int = 1
    attributes_bytes: int = 100
    uri_bytes: int = 60
    qps: float = 0.0
    recall: float = 0.95
    replicas: int = 1
    node_memory: int = 64 * 2**30
    node_cores: int = 16
    workers: int = 1
    pictures_per_second: float | None = None
    picture_bytes: int = 0
    indexes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for name, least, most in (
            ("pictures", 1, 10**15),
            ("tenants", 1, 10**12),
            ("attributes_bytes", 0, 65536),
            ("uri_bytes", 1, 65535),
            ("replicas", 1, 1000),
            ("node_memory", 2**30, 2**50),
            ("node_cores", 1, 4096),
            ("workers", 1, 10**6),
            ("picture_bytes", 0, 2**40),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                words = name.replace("_", " ")
                raise UsageError(f"{words} must be from {least:,} to {most:,}, not {value:,}")
        if not 0 < self.recall <= 1:
            raise UsageError(f"a recall is above 0 and at most 1, not {self.recall:g}")
        if not 0 <= self.qps <= 10**9:
            raise UsageError(f"searches per second are 0 to 1,000,000,000, not {self.qps:g}")
        if self.pictures_per_second is not None and not 0 < self.pictures_per_second <= 10**9:
            raise UsageError(
                f"pictures per second must be above 0, not {self.pictures_per_second:g}"
            )
        if not self.encoders:
            raise UsageError("a plan needs at least one encoder")
        names = [one.name for one in self.encoders]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(f"the encoder {name} is given twice")
