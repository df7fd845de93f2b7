"""What a file of embeddings says of itself."""

import base64
import binascii
import io
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lookalike.errors import UsageError, WeightsError
from lookalike.records import EncoderSpec

if TYPE_CHECKING:
    from lookalike.encoders.projection import Projection

KEY = "lookalike"
"""The name under which each format keeps the header."""

LARGEST = 1 << 16
"""Most components of an embedding, or bits of a hash, that a file is believed."""

_VERSION = 1
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Header:
    """Which encoder's vectors a file holds.

    `encoder` is empty for a file that another program made. `projection` is the version of what
    the collection compared the vectors through, `projection_npz` that projection itself; the
    vectors are the raw ones, before it.
    """

    kind: str
    size: int
    encoder: str = ""
    fingerprint: str = ""
    projection: str = ""
    projection_npz: str = ""

    @classmethod
    def of(cls, spec: EncoderSpec, projection: "Projection | None") -> "Header":
        """The header of one encoder's vectors."""
        from lookalike.encoders.projection import write

        packed = io.BytesIO()
        if projection is not None:
            write(projection, packed)
        return cls(
            kind=spec.kind,
            size=spec.size,
            encoder=spec.name,
            fingerprint=spec.fingerprint,
            projection="" if projection is None else projection.version,
            projection_npz=base64.b64encode(packed.getvalue()).decode(),
        )

    @property
    def width(self) -> int:
        """Values in a row: components, or bytes of a hash."""
        return self.size // 8 if self.kind == "hash" else self.size

    def to_dict(self) -> dict[str, Any]:
        """The header as JSON types."""
        return {"version": _VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, given: Any, name: str) -> "Header":
        """The header that `to_dict` gave; `name` is the file's, for messages.

        Raises:
            UsageError: it is not one, or a newer lookalike's.
        """
        fields = dict(given) if isinstance(given, dict) else {}
        version = fields.pop("version", None)
        if isinstance(version, int) and version > _VERSION:
            raise UsageError(
                f"{name} was written by a newer lookalike: pip install --upgrade lookalike"
            )
        texts = {key: value for key, value in fields.items() if key != "size"}
        size = fields.get("size")
        well = (
            version == _VERSION
            and set(fields) <= set(cls.__slots__)
            and all(isinstance(value, str) for value in texts.values())
            and all(
                _is_name(texts.get(key, "")) for key in ("encoder", "fingerprint", "projection")
            )
            and fields.get("kind") in {"embedding", "hash"}
            and isinstance(size, int)
            and 0 < size <= LARGEST
        )
        if not well:
            raise UsageError(f"{name}: what it says of its encoder cannot be read")
        return cls(**fields)

    def load_projection(self, name: str) -> "Projection | None":
        """The projection in the file; UsageError when it cannot be read."""
        from lookalike.encoders.projection import read

        if not self.projection_npz:
            return None
        try:
            found = read(io.BytesIO(base64.b64decode(self.projection_npz, validate=True)))
        except (WeightsError, binascii.Error) as error:
            raise UsageError(f"{name}: its projection cannot be read: {error}") from error
        if len(found.mean) != self.size:
            raise UsageError(f"{name}: its projection is of vectors of another size")
        return found


def _is_name(text: str) -> bool:
    return len(text) <= _LONGEST_NAME and text.isprintable()
