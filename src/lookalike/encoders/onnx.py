"""Encoders whose towers are ONNX models; everything that differs between them is on the card."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from lookalike.encoders import made_up, weights
from lookalike.encoders.card import ImageTower, ModelCard
from lookalike.encoders.own.graph import Graph
from lookalike.encoders.preprocess import Preprocessor
from lookalike.encoders.runtimes.base import Model, Runtime
from lookalike.encoders.runtimes.choose import asked, choose
from lookalike.encoders.session import NoSuchValueError, Session, pooled, unit_rows
from lookalike.encoders.text import TextEncoder
from lookalike.errors import UsageError, WeightsError
from lookalike.processors import processors
from lookalike.records import EncoderSpec

_FEW = 32
"""Pictures that are encoded before another runtime is opened, which takes as long as they do."""


_LEAST_SIDE = 32
"""Side of the smallest square of which a network that halves it five times leaves anything."""


class OnnxEncoder:
    """An image tower, and a text tower where there is one.

    One picture, and the first few of many, run on ONNX Runtime with all processors; then several
    run where they run fastest (runtimes/choose.py), without GPU one on each processor. That is no
    slower than in batches, and the numbers of an int8 model depend on what else is in its batch:
    the same picture alone and among fifteen others differed by up to 0.07 in cosine.

    The text tower is looked for on each call, so that one brought later works at once.

    Args:
        card: the model.
        progress: called as progress(stage, done, total) with bytes while downloading.
        offline: True never touches the network; None asks the environment.
        threads: how many processors to use; all that this process may by default.

    Raises:
        WeightsError: the image tower cannot be had or cannot be used.
    """

    def __init__(
        self,
        card: ModelCard,
        *,
        progress: weights.Progress | None = None,
        offline: bool | None = None,
        threads: int | None = None,
    ) -> None:
        if card.image is None:
            raise WeightsError(f"The model card of {card.name} describes no image tower")
        self.card = card
        self.min_side = card.min_side
        self._offline = offline
        self._progress = progress
        self._tower: ImageTower = card.image
        self._preprocessor = Preprocessor(card.image.preprocessing)
        (image,) = weights.find(card, "image", progress=progress, offline=offline)
        self._path = image.path
        self._threads = threads or processors()
        self._shape = Model(self._path, self._tower, self._threads).shape
        self._alone: Session | None = None
        self._together: Runtime | None = None
        self._seen = 0
        self._lock = threading.RLock()
        self.spec = EncoderSpec(
            name=card.name,
            kind="embedding",
            size=card.size,
            fingerprint=_fingerprint(image.sha256, card.image),
        )
        self._text: tuple[object, TextEncoder] | None = None
        self._text_lock = threading.Lock()
        if image.own:
            self._check(image.path)

    @property
    def has_text(self) -> bool:
        """Whether a text tower is here right now; no network."""
        return self.card.text is not None and weights.locate(self.card, "text") is not None

    @property
    def any_side(self) -> bool:
        """Whether the model takes squares of any side (`prepare_at`)."""
        return self._tower.any_side

    def prepare(self, picture: Image) -> NDArray[Any]:
        """Resize, crop and scale one RGB picture into the model's input, without batch axis."""
        return self._preprocessor(picture)

    def prepare_at(self, picture: Image, side: int) -> NDArray[Any]:
        """The same for an input of another size: a square of `side` pixels, at least 32.

        Raises:
            ValueError: the model takes its own size only, or the side is too small.
        """
        if not self.any_side or side < _LEAST_SIDE:
            raise ValueError(f"{self.card.name} takes no square of {side} pixels")
        rule = replace(self._tower.preprocessing, shorter_side=side, crop=side)
        return Preprocessor(rule)(picture)

    def encode_prepared(self, batch: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """Encode prepared pictures: (n, dim) float32 of unit length.

        Raises:
            WeightsError: an embedding is not finite.
        """
        if len(batch) == 0:
            return np.zeros((0, self.card.size), np.float32)
        # Other runtimes compile a model for its own size.
        usual = all(pixels.shape == self._shape for pixels in batch)
        if len(batch) > 1 and usual and not self._is_few(len(batch)):
            return self._unit(self._runtime().run(batch))
        session = self._session()
        rows = [session.run({self._tower.input: pixels[None]}) for pixels in batch]
        return self._unit(np.concatenate(rows))

    def encode_images(self, pictures: Sequence[Image]) -> NDArray[np.float32]:
        """Encode RGB pictures of any size: (n, dim) float32 of unit length."""
        return self.encode_prepared([self.prepare(picture) for picture in pictures])

    def encode_texts(
        self, texts: Sequence[str], notice: Callable[[str], None] | None = None
    ) -> NDArray[np.float32]:
        """Encode texts into the space of the pictures: (n, dim) float32 of unit length.

        `notice` is called with a sentence for people when a text was cut to fit.

        Raises:
            UsageError: the model reads no words, or a text is empty.
            WeightsError: the text tower is missing; the message says how to get it.
        """
        return self._text_encoder().encode(texts, notice)

    @property
    def runtime(self) -> str:
        """What several pictures run on: "onnxruntime", "openvino" or "cuda".

        Raises:
            UsageError: LOOKALIKE_RUNTIME names no runtime.
            EnvironmentFailure: the one that it names cannot be used here.
        """
        return self._runtime().name

    def _session(self) -> Session:
        """The model with all processors for one run, opened when it is first needed."""
        with self._lock:
            if self._alone is None:
                self._alone = Session(self._path, self._tower.output, threads=self._threads)
            return self._alone

    def _is_few(self, count: int) -> bool:
        """Whether no runtime was chosen yet, nor is it worth while with so many pictures more."""
        with self._lock:
            if self._together is not None or asked():
                return False
            self._seen += count
            return self._seen <= _FEW

    def _runtime(self) -> Runtime:
        """What several pictures run on, chosen when it is first needed."""
        with self._lock:
            if self._together is None:
                model = Model(self._path, self._tower, self._threads)
                self._together = choose(model, self._session())
            return self._together

    def _unit(self, output: NDArray[Any]) -> NDArray[np.float32]:
        rows = pooled(output, self._tower.pool)
        return unit_rows(rows, f"The image tower of {self.card.name}")

    def _check(self, path: Path) -> None:
        """Try a tower that the user brought; its digest says nothing about it."""
        try:
            lacks = self._tower.input not in self._session().inputs
        except NoSuchValueError:
            lacks = True
        if lacks:
            raise WeightsError(
                f"{path} is another model than the card of {self.card.name} describes, which needs "
                f"the input {self._tower.input} and the value {self._tower.output}; {Graph(path)}. "
                "Bring a file in which these names fit, or make this one an encoder of its own: "
                f"`lookalike models add DESCRIPTION.toml --file {path}` (docs/own-model.md)"
            )
        # Not one colour alone, and never black: a model without biases sees nothing in that.
        picture = made_up.pictures()[0]
        got = self.encode_prepared([self.prepare(picture)]).shape[1]
        if got != self.card.size:
            raise WeightsError(
                f"{path} gives {got} numbers for a picture where {self.card.name} has "
                f"{self.card.size}: it is another model"
            )

    def _text_encoder(self) -> TextEncoder:
        tower = self.card.text
        if tower is None:
            raise UsageError(
                f"{self.card.name} reads no words; search words with an encoder that has a text "
                "tower, such as clip-vit-b-16."
            )
        with self._text_lock:
            files = weights.locate(self.card, "text")
            key = files and [(path, path.stat().st_mtime_ns) for path in files]
            if self._text is None or self._text[0] != key:
                found = weights.find(
                    self.card, "text", progress=self._progress, offline=self._offline
                )
                key = [(file.path, file.path.stat().st_mtime_ns) for file in found]
                model, tokenizer = (file.path for file in found)
                self._text = key, TextEncoder(tower, model, tokenizer, self.card.size)
            return self._text[1]


def _fingerprint(sha256: str, tower: ImageTower) -> str:
    """What embeddings depend on: the weights and the version of their preprocessing."""
    what = f"{sha256} {tower.preprocessing.version} {tower.output} {tower.pool}"
    return hashlib.sha256(what.encode()).hexdigest()[:16]
