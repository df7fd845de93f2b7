"""The space in which one encoder's embeddings are compared: as they are, or projected."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.projection import Projection
from lookalike.errors import UsageError
from lookalike.indexes import IndexSpec, defaults
from lookalike.records import EncoderSpec
from lookalike.stores.base import Query, QueryPart

_NOTHING_LEFT = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """What embeddings and queries are turned into before they are compared, and by which index."""

    spec: EncoderSpec
    projection: Projection | None = None
    index: IndexSpec = field(default_factory=lambda: defaults("local"))

    @property
    def size(self) -> int:
        """Components of a vector."""
        return self.spec.size if self.projection is None else self.projection.size

    def rows(self, blobs: Sequence[bytes]) -> NDArray[np.float16]:
        """(n, size) vectors as the index keeps them, of embeddings as the catalogue keeps them."""
        raw = np.frombuffer(b"".join(blobs), "<f2").reshape(len(blobs), self.spec.size)
        return raw if self.projection is None else self.projection.project(raw).astype(np.float16)

    def query(self, query: Query) -> NDArray[np.float32]:
        """(size,) of unit length; of several parts, the weighted sum of what each becomes.

        Raises:
            UsageError: a part has another shape than the encoder's embeddings, or the parts
                cancel each other out.
        """
        parts = [QueryPart(query)] if isinstance(query, np.ndarray) else query
        made = [self._one(part) for part in parts]
        if len(made) == 1 and parts[0].weight > 0:
            return made[0]
        largest = max(abs(part.weight) for part in parts) or 1.0
        total = np.zeros(self.size, np.float64)
        for part, vector in zip(parts, made, strict=True):
            total += part.weight / largest * vector
        norm = float(np.linalg.norm(total))
        if not norm >= _NOTHING_LEFT:
            raise UsageError("The parts of the query cancel each other out: nothing is left.")
        return (total / norm).astype(np.float32)

    def _one(self, part: QueryPart) -> NDArray[np.float32]:
        size = self.size if part.projected else self.spec.size
        if part.vector.shape != (size,):
            raise UsageError(
                f"Encoder {self.spec.name!r} needs a query of shape ({size},), "
                f"not {part.vector.shape}."
            )
        if self.projection is None or part.projected:
            return part.vector
        project = self.projection.project_text if part.text else self.projection.project
        vector: NDArray[np.float32] = project(part.vector[None])[0]
        return vector
