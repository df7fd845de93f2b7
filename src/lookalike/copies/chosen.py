"""Which of a collection's encoders look for copies."""

from dataclasses import dataclass

from lookalike.encoders import registry
from lookalike.encoders.base import Encoder
from lookalike.encoders.matching import load_matching, why_not
from lookalike.errors import UsageError
from lookalike.records import EncoderSpec
from lookalike.stores.base import Store

MADE_FOR_COPIES = ("sscd-disc-mixup", "sscd-distilled")
"""The encoders whose embeddings were taught to be alike for copies only, better first."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The hashes and the copy descriptor."""

    hashes: tuple[Encoder, ...] = ()
    descriptor: Encoder | None = None

    @property
    def specs(self) -> tuple[EncoderSpec, ...]:
        """What the collection calls them, the descriptor first."""
        return tuple(encoder.spec for encoder in self._all)

    @property
    def min_side(self) -> int:
        """The size at which the collection's pictures were decoded, so that copies hash alike."""
        return max(encoder.min_side for encoder in self._all)

    @property
    def _all(self) -> tuple[Encoder, ...]:
        return self.hashes if self.descriptor is None else (self.descriptor, *self.hashes)


def choose(store: Store) -> Chosen:
    """What a collection has for finding copies.

    Of several embeddings the best for copies, one that has a vector of every record before one
    that is still being filled.

    Raises:
        UsageError: the collection is empty, or has no encoder that can be run on a picture, or
            one whose weights are others by now.
        WeightsError: the weights of one cannot be had.
    """
    specs = store.encoders()
    if not specs:
        raise UsageError(
            "the collection is empty: add pictures first, for example `lookalike index FOLDER`"
        )
    able = [spec for spec in specs if not why_not(spec)]
    if not able:
        raise UsageError(
            f"copies need an encoder of pictures: {'; '.join(map(why_not, specs))}. "
            "`lookalike index --encoder sscd-distilled,phash PATH` adds two that find copies"
        )

    def rank(spec: EncoderSpec) -> tuple[bool, float]:
        complete = not store.missing(spec.name, limit=1, files_only=True)
        return complete, registry.card(spec.name).quality.get("copy_recall", 0.0)

    embeddings = [spec for spec in able if spec.kind == "embedding"]
    best = max(embeddings, key=rank, default=None)
    return Chosen(
        tuple(load_matching(spec) for spec in able if spec.kind == "hash"),
        None if best is None else load_matching(best),
    )
