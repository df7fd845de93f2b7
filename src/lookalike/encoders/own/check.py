"""Whether an encoder does what an encoder has to do, tried on made-up pictures."""

from collections.abc import Callable, Sequence

import numpy as np

from lookalike.encoders import made_up
from lookalike.encoders.base import Encoder
from lookalike.errors import LookalikeError

SAME = 0.999
"""Cosine of two embeddings of one picture; runs of int8 and float16 models differ a little."""
DIFFERENT = 0.99999
"""Cosine that no two of these pictures may all reach."""


def problems(encoder: Encoder) -> list[str]:
    """What is wrong with an encoder's embeddings or hashes, in words; nothing when they are good.

    They must be finite and of unit length, of the size that the card says, the same for a picture
    whenever and in whatever company it is encoded, and not the same for all pictures. With a text
    tower here, words must come to the same size and not all to the same embedding.
    """
    found: list[str] = []
    _try(found, lambda: _pictures(encoder))
    if encoder.has_text and not found:
        _try(found, lambda: _words(encoder))
    return found


def _try(found: list[str], check: Callable[[], Sequence[str]]) -> None:
    try:
        found += check()
    except LookalikeError as error:
        found.append(str(error))


def _pictures(encoder: Encoder) -> list[str]:
    pictures = made_up.pictures()
    alone = [encoder.encode_images([picture])[0] for picture in pictures]
    if encoder.spec.kind == "hash":
        length = encoder.spec.size // 8
    else:
        length = encoder.spec.size
        lengths = [float(np.linalg.norm(row)) for row in alone]
        if not np.allclose(lengths, 1.0, atol=1e-3):
            return [f"embeddings have the lengths {lengths}, not 1"]
    if any(row.shape != (length,) for row in alone):
        return [f"a picture gives {alone[0].size} numbers, and the card says {length}"]
    found = []
    again = encoder.encode_images(pictures[:1])[0]
    if _cosine(alone[0], again) < SAME:
        found.append("the same picture gives another embedding each time")
    together = encoder.encode_images(pictures)
    if min(map(_cosine, alone, together)) < SAME:
        found.append("a picture's embedding depends on which others are encoded with it")
    if min(_cosine(alone[0], other) for other in alone[1:]) > DIFFERENT:
        found.append("all pictures give the same embedding")
    return found


def _words(encoder: Encoder) -> list[str]:
    one, other = encoder.encode_texts(["a cat on a sofa", "the night sky over a town"])
    if not np.allclose([np.linalg.norm(one), np.linalg.norm(other)], 1.0, atol=1e-3):
        return ["embeddings of words are not of length 1"]
    if _cosine(one, other) > DIFFERENT:
        return ["all words give the same embedding"]
    return []


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    if one.dtype == np.uint8:  # of the ±1 vectors that bits stand for
        return 1.0 - 2.0 * float(np.bitwise_count(one ^ other).mean()) / 8
    return float(one @ other)
