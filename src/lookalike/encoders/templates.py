"""Prompt templates: sentences around the words of a query.

CLIP was trained on captions, and finds some things better by "a photo of a dog" than by "dog".
The embeddings of several templates are averaged: Radford et al. 2021, "Learning Transferable
Visual Models From Natural Language Supervision", section 3.1.4, "prompt ensembling".
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder
from lookalike.errors import UsageError

PLACE = "{}"
"""Where in a template the words go."""


def check(templates: str | Sequence[str] | None) -> tuple[str, ...]:
    """The templates given, one or several.

    Raises:
        UsageError: one is no text, or has no place for the words.
    """
    given = [templates] if isinstance(templates, str) else list(templates or ())
    for template in given:
        if not isinstance(template, str) or PLACE not in template:
            raise UsageError(
                f"the template {template!r} has no place for the words: write {{}} where they go, "
                "as in 'a photo of a {}'"
            )
    return tuple(dict.fromkeys(given))


def encode(
    encoder: Encoder,
    text: str,
    templates: Sequence[str],
    notice: Callable[[str], None] | None = None,
) -> NDArray[np.float32]:
    """The embedding of words, (dim,) of unit length: the mean over all templates, if any.

    `notice` is called at most once, when a sentence was cut to fit.
    """
    notices: list[str] = []
    texts = [template.replace(PLACE, text) for template in templates] if text.strip() else []
    rows = encoder.encode_texts(texts or [text], notices.append)
    if notice is not None and notices:
        notice(notices[0])
    total = rows.sum(axis=0, dtype=np.float64)
    unit: NDArray[np.float32] = (total / np.linalg.norm(total)).astype(np.float32)
    return unit
