"""The text half of an encoder: tokens, then an ONNX model."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from lookalike.encoders.card import TextTower
from lookalike.encoders.session import Session, unit_rows
from lookalike.errors import UsageError, WeightsError
from lookalike.processors import processors

_NUMBERS = {"tensor(int32)": np.int32}
"""Types of token numbers other than the int64 of published models."""

_PADS = ("[PAD]", "<pad>", "<|endoftext|>")


class TextEncoder:
    """A text tower; safe to use from several threads.

    Texts run one at a time: they are few, and the numbers of an int8 model would otherwise
    depend on which texts share a batch.

    Args:
        tower: its part of the model card.
        model: the ONNX file; inputs are recognised by name (input_ids, attention_mask,
            token_type_ids).
        tokenizer: tokenizer.json, as the `tokenizers` library writes it.
        size: components of an embedding.

    Raises:
        WeightsError: a file cannot be used, or the model gives something else.
    """

    def __init__(self, tower: TextTower, model: Path, tokenizer: Path, size: int) -> None:
        self._model = model
        self._size = size
        self._session = Session(model, tower.output, threads=processors())
        try:
            self._tokenizer = Tokenizer.from_file(str(tokenizer))
        except Exception as error:  # the library raises plain Exception
            raise WeightsError(f"{tokenizer} cannot be used as a tokenizer: {error}") from error
        unknown = set(self._session.inputs) - {"input_ids", "attention_mask", "token_type_ids"}
        if unknown or "input_ids" not in self._session.inputs:
            raise WeightsError(
                f"{model} takes the inputs {sorted(self._session.inputs)}; a text tower takes "
                "input_ids, and may take attention_mask and token_type_ids"
            )
        fixed = self._session.inputs["input_ids"].shape[1]
        length = fixed if isinstance(fixed, int) else None
        truncation = self._tokenizer.truncation or {}
        self.max_tokens = min(
            length or tower.max_tokens,
            truncation.get("max_length", tower.max_tokens),
            tower.max_tokens,
        )
        self._tokenizer.enable_truncation(self.max_tokens)
        self._pad(length)

    def encode(
        self, texts: Sequence[str], notice: Callable[[str], None] | None = None
    ) -> NDArray[np.float32]:
        """Encode texts: (n, dim) float32 of unit length.

        `notice` is called with a sentence when a text was cut to `max_tokens`.

        Raises:
            UsageError: a text has nothing but white space.
            WeightsError: the model gives something that is no embedding.
        """
        rows = [self._encode(text, notice) for text in texts]
        return np.concatenate(rows) if rows else np.zeros((0, self._size), np.float32)

    def _encode(self, text: str, notice: Callable[[str], None] | None) -> NDArray[np.float32]:
        if not text.strip():
            raise UsageError("The text to search for is empty; write at least one word.")
        # Lone surrogates (from file names and arguments that are not UTF-8) have no token.
        tokens = self._tokenizer.encode(text.encode("utf-8", "replace").decode())
        if tokens.overflowing and notice is not None:
            notice(
                f"The text is longer than the model reads: only its first {self.max_tokens} "
                f"tokens are used (up to {text[: self._end(tokens)][-20:]!r})."
            )
        columns = {
            "input_ids": tokens.ids,
            "attention_mask": tokens.attention_mask,
            "token_type_ids": tokens.type_ids,
        }
        if not tokens.ids:
            raise UsageError(f"The text {text!r} has nothing that the model reads; write a word.")
        feed = {
            name: np.array([columns[name]], _NUMBERS.get(value.type, np.int64))
            for name, value in self._session.inputs.items()
        }
        output = self._session.run(feed)
        if output.shape != (1, self._size):
            raise WeightsError(
                f"{self._model} gives {output.shape[-1]} numbers for a text where the pictures "
                f"have {self._size}: it is the text tower of another model"
            )
        return unit_rows(output, self._model)

    def _end(self, tokens: Encoding) -> int:
        """Where in the text the tokens that were kept end."""
        return max((end for _, end in tokens.offsets), default=0)

    def _pad(self, length: int | None) -> None:
        """Pad to the length the model insists on, if it does."""
        if length is None:
            self._tokenizer.no_padding()
            return
        known = self._tokenizer.padding or {}
        names = [known.get("pad_token"), *_PADS]
        ids = {name: self._tokenizer.token_to_id(name) for name in names if name}
        token = next((name for name, id_ in ids.items() if id_ is not None), None)
        if token is None:
            raise WeightsError(
                f"{self._model} needs texts of exactly {length} tokens, and the tokenizer has "
                f"none to pad with ({', '.join(_PADS)})"
            )
        self._tokenizer.enable_padding(length=length, pad_id=ids[token], pad_token=token)
