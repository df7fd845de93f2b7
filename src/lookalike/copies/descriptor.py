"""The copy descriptor: embeddings of the query's views, and what is near them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.copies.evidence import Likeness, Look
from lookalike.copies.normalise import background
from lookalike.copies.views import WHOLE, View
from lookalike.encoders.base import TakesAnySide
from lookalike.errors import ZeroEmbeddingError
from lookalike.processors import processors
from lookalike.records import EncoderSpec
from lookalike.stores.base import Store

if TYPE_CHECKING:
    from lookalike.encoders.base import Encoder
    from lookalike.filters import Filter

_WHOLE, _PART = 20, 5
"""Candidates that a view of the whole picture brings at least, and any other view at most."""


@dataclass(frozen=True, eq=False)
class Looked:
    """Embeddings of views by one encoder: (n, dim) float32 of unit length, and how they looked."""

    spec: EncoderSpec
    rows: NDArray[np.float32]
    looks: tuple[Look, ...]

    @classmethod
    def together(cls, parts: Sequence["Looked"]) -> "Looked":
        """One of several by the same encoder."""
        rows = np.concatenate([part.rows for part in parts])
        return cls(parts[0].spec, rows, tuple(look for part in parts for look in part.looks))

    def near(self, store: Store, limit: int, where: "Filter | None") -> set[int]:
        """The ids of the records nearest to each of the views, more than `limit` of the whole."""
        most = [max(_WHOLE, 2 * limit) if look.box == WHOLE else _PART for look in self.looks]
        near = store.nearest_each(self.spec.name, self.rows, most, where=where)
        return {one.id for found in near for one in found}

    def likenesses(self, store: Store, ids: Sequence[int]) -> dict[int, Likeness]:
        """The best view's cosine with each of some records; those without embedding are left out.

        The cosine is of the embeddings as the encoder made them, whatever the collection compares
        them through.
        """
        kept = store.vectors(self.spec.name, ids)
        if not kept or not len(self.rows):
            return {}
        # So few numbers are not worth waking BLAS's threads, which on a busy machine takes 80 ms.
        cosines = np.einsum("vd,cd->vc", self.rows, np.stack(list(kept.values())))
        normalised = cosines
        known = background(self.spec.name)
        if known is not None:
            pairs = zip(cosines, self.rows, strict=True)
            normalised = np.stack([known.normalised(row, vector) for row, vector in pairs])
        best = normalised.argmax(axis=0)
        return {
            id_: Likeness(
                self.spec.name,
                float(cosines[place, column]),
                float(normalised[place, column]),
                self.looks[place],
            )
            for column, (id_, place) in enumerate(zip(kept, best, strict=True))
        }


def any_side(encoder: "Encoder") -> bool:
    """Whether an encoder can look at views in squares of any side."""
    return isinstance(encoder, TakesAnySide) and encoder.any_side


def looked(encoder: "Encoder", views: Sequence[View], looks: Sequence[Look]) -> Looked:
    """Encode views, several at once; those in which the encoder sees nothing are left out."""
    prepared = _prepared(encoder, views)
    try:
        return Looked(encoder.spec, encoder.encode_prepared(prepared), tuple(looks))
    except ZeroEmbeddingError as error:
        seen = [place for place in range(len(prepared)) if place not in error.rows]
        rows = encoder.encode_prepared([prepared[place] for place in seen])
        return Looked(encoder.spec, rows, tuple(looks[place] for place in seen))


def stored(store: Store, spec: EncoderSpec, id_: int) -> Looked:
    """What is kept of a record, whose picture cannot be read any more."""
    rows = list(store.vectors(spec.name, [id_]).values())
    array = np.stack(rows) if rows else np.zeros((0, spec.size), np.float32)
    return Looked(spec, array, (Look(),) * len(rows))


def _prepared(encoder: "Encoder", views: Sequence[View]) -> list[NDArray[Any]]:
    def prepare(view: View) -> NDArray[Any]:
        if view.side is None:
            return encoder.prepare(view.image)
        assert isinstance(encoder, TakesAnySide)
        return encoder.prepare_at(view.image, view.side)

    if len(views) < 2:
        return [prepare(view) for view in views]
    with ThreadPoolExecutor(processors()) as pool:
        return list(pool.map(prepare, views))
