"""pHash: 64 bits of a picture's low frequencies."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling

from lookalike.encoders.card import ModelCard
from lookalike.encoders.dct import dct
from lookalike.errors import UsageError
from lookalike.records import EncoderSpec


class PHash:
    """The perceptual hash by discrete cosine transform, the same bits as ImageHash's `phash`.

    Grey, 32 × 32 pixels, cosine transform along both axes; a bit says whether one of the 8 × 8
    lowest frequencies (the constant one included) is above their median. Rows first, most
    significant bit first, so that `bytes.hex()` is what `str(imagehash.phash(picture))` prints.
    Krawetz 2011, "Looks Like It".

    `min_side` lets large JPEGs be decoded at reduced scale. Of 40 JPEGs of 12 megapixels it
    changed one hash, by 2 bits (benchmarks/reduced_decode.py).
    """

    has_text = False

    def __init__(self, card: ModelCard) -> None:
        self.min_side = card.min_side
        self.spec = EncoderSpec(name=card.name, kind="hash", size=card.size, fingerprint="1")

    def prepare(self, picture: Image) -> NDArray[np.uint8]:
        """Shrink one picture to (32, 32) uint8 grey."""
        return np.asarray(picture.convert("L").resize((32, 32), Resampling.LANCZOS))

    def encode_prepared(self, batch: Sequence[NDArray[Any]]) -> NDArray[np.uint8]:
        """Hash (32, 32) uint8 pictures: (n, 8) uint8."""
        if len(batch) == 0:
            return np.zeros((0, 8), np.uint8)
        rows = dct(np.stack(batch).swapaxes(-1, -2)).swapaxes(-1, -2)
        low = dct(rows)[:, :8, :8].reshape(-1, 64)
        return np.packbits(low > np.median(low, axis=1, keepdims=True), axis=1)

    def encode_images(self, pictures: Sequence[Image]) -> NDArray[np.uint8]:
        """Hash pictures of any size: (n, 8) uint8."""
        return self.encode_prepared([self.prepare(picture) for picture in pictures])

    def encode_texts(
        self, texts: Sequence[str], notice: Callable[[str], None] | None = None
    ) -> NDArray[np.float32]:
        """Raise UsageError: a hash reads no words."""
        raise UsageError(
            f"{self.spec.name} compares pictures and reads no words; search words with an "
            "encoder that has a text tower, such as clip-vit-b-16."
        )
