"""The encoder protocol: pictures (and for some, texts) in, embeddings or hashes out."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from lookalike.records import EncoderSpec


@runtime_checkable
class Encoder(Protocol):
    """Turns pictures into embeddings or hashes of one kind.

    Safe to call from several threads. `prepare` is the part that ingest runs on its decoding
    threads, `encode_prepared` the part that keeps the model busy; `encode_images` is both.
    """

    @property
    def spec(self) -> "EncoderSpec":
        """Name, kind, size and fingerprint, as a collection remembers them."""
        ...

    @property
    def min_side(self) -> int:
        """Pixels that the shorter side of a picture needs; decoding may shrink down to it."""
        ...

    @property
    def has_text(self) -> bool:
        """Whether a text tower can be had right now, without network."""
        ...

    def prepare(self, picture: "Image") -> "NDArray[Any]":
        """Preprocess one RGB picture of any size into the model's input, without batch axis."""
        ...

    def encode_prepared(self, batch: "Sequence[NDArray[Any]]") -> "NDArray[Any]":
        """Encode prepared pictures.

        Returns (n, dim) float32 with rows of unit length, or (n, bits/8) uint8, most
        significant bit first.
        """
        ...

    def encode_images(self, pictures: "Sequence[Image]") -> "NDArray[Any]":
        """Encode RGB pictures; the same result as `encode_prepared` of each one prepared."""
        ...

    def encode_texts(
        self, texts: Sequence[str], notice: Callable[[str], None] | None = None
    ) -> "NDArray[np.float32]":
        """Encode texts into the space of the pictures, (n, dim) float32 of unit length.

        `notice` is called with a sentence for people when a text was cut to fit.

        Raises:
            WeightsError: there is no text tower; the message says what is missing and how to
                get it.
        """
        ...


@runtime_checkable
class TakesAnySide(Protocol):
    """An encoder that may be able to look at a picture at other sizes than its own."""

    @property
    def any_side(self) -> bool:
        """Whether it is."""
        ...

    def prepare_at(self, picture: "Image", side: int) -> "NDArray[Any]":
        """Preprocess one RGB picture into a square of that side, for `encode_prepared`.

        Raises:
            ValueError: the encoder takes its own size only.
        """
        ...


@runtime_checkable
class PreparesFlipped(Protocol):
    """An encoder of hashes that looks at a flipped picture otherwise than flipped."""

    def prepare_flipped(self, picture: "Image") -> "NDArray[Any]":
        """What `prepare` makes of one RGB picture flipped, each flipped back: (2, 2, ...).

        The first axis says whether it was flipped top to bottom, the second whether left to
        right.
        """
        ...


@runtime_checkable
class MeasuresQuality(Protocol):
    """An encoder whose hashes come with a figure of how far each can be trusted, 0..100."""

    def encode_prepared_with_quality(
        self, batch: "Sequence[NDArray[Any]]"
    ) -> "tuple[NDArray[np.uint8], NDArray[np.int64]]":
        """Encode prepared pictures: (n, bits/8) uint8, and (n,) qualities."""
        ...
