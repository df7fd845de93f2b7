"""The encoder of every perceptual hash: its card names the algorithm."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from lookalike.encoders.card import ModelCard
from lookalike.encoders.hashes import ahash, dhash, pdq, phash, whash
from lookalike.errors import UsageError, WeightsError
from lookalike.records import EncoderSpec


class Algorithm(Protocol):
    """What a module of this folder has to have."""

    BITS: int

    def prepare(self, picture: Image) -> NDArray[Any]:
        """What the hash looks at of one RGB picture of any size."""
        ...

    def bits(self, batch: NDArray[Any]) -> NDArray[np.bool]:
        """Bits of n prepared pictures: (n, bits)."""
        ...


_ALGORITHMS: dict[str, Algorithm] = {
    "ahash": ahash,
    "dhash": dhash,
    "pdq": pdq,
    "phash": phash,
    "whash": whash,
}


def make(card: ModelCard) -> "HashEncoder":
    """The encoder of a hash's card.

    Raises:
        WeightsError: the card names no algorithm that there is, or not its number of bits.
    """
    if card.algorithm not in _ALGORITHMS:
        raise WeightsError(
            f"The model card {card.name}.toml names the hash algorithm {card.algorithm!r}; there "
            f"are: {', '.join(_ALGORITHMS)}"
        )
    if card.size != _ALGORITHMS[card.algorithm].BITS:
        raise WeightsError(
            f"The model card {card.name}.toml says {card.size} bits, and {card.algorithm} has "
            f"{_ALGORITHMS[card.algorithm].BITS}"
        )
    return PdqEncoder(card) if card.algorithm == "pdq" else HashEncoder(card)


class HashEncoder:
    """Pictures to bits.

    Bits are packed most significant bit first, so that `bytes.hex()` is what ImageHash, or Meta's
    programs for PDQ, print.
    """

    has_text = False

    def __init__(self, card: ModelCard) -> None:
        self._algorithm = _ALGORITHMS[card.algorithm]
        self.min_side = card.min_side
        self.spec = EncoderSpec(name=card.name, kind="hash", size=card.size, fingerprint="1")

    def prepare(self, picture: Image) -> NDArray[Any]:
        """Shrink one picture to what the algorithm looks at."""
        return self._algorithm.prepare(picture)

    def encode_prepared(self, batch: Sequence[NDArray[Any]]) -> NDArray[np.uint8]:
        """Hash prepared pictures: (n, bits/8) uint8."""
        if len(batch) == 0:
            return np.zeros((0, self.spec.size // 8), np.uint8)
        return np.packbits(self._algorithm.bits(np.stack(batch)), axis=1)

    def encode_images(self, pictures: Sequence[Image]) -> NDArray[np.uint8]:
        """Hash pictures of any size: (n, bits/8) uint8."""
        return self.encode_prepared([self.prepare(picture) for picture in pictures])

    def encode_texts(
        self, texts: Sequence[str], notice: Callable[[str], None] | None = None
    ) -> NDArray[np.float32]:
        """Raise UsageError: a hash reads no words."""
        raise UsageError(
            f"{self.spec.name} compares pictures and reads no words; search words with an "
            "encoder that has a text tower, such as clip-vit-b-16."
        )


class PdqEncoder(HashEncoder):
    """PDQ, which also says how far each of its hashes can be trusted."""

    def prepare_flipped(self, picture: Image) -> NDArray[np.float32]:
        """What `prepare` makes of one picture flipped either way: (2, 2, 64, 64)."""
        return pdq.prepare_flipped(picture)

    def encode_prepared_with_quality(
        self, batch: Sequence[NDArray[Any]]
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Hash prepared pictures: (n, 32) uint8, and (n,) qualities of 0..100.

        Meta advises against matching by hashes with a quality below 50.
        """
        if len(batch) == 0:
            return self.encode_prepared(batch), np.zeros(0, np.int64)
        return self.encode_prepared(batch), pdq.qualities(np.stack(batch))
