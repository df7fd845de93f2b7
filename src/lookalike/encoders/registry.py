"""Which encoders there are, and one loaded encoder of each per process."""

import difflib
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from lookalike.encoders import card as cards
from lookalike.encoders.card import ModelCard
from lookalike.errors import UnknownEncoderError, WeightsError

if TYPE_CHECKING:
    from lookalike.encoders.base import Encoder

_loaded: "dict[str, Encoder]" = {}
_locks: dict[str, threading.Lock] = {}
_guard = threading.Lock()


def names() -> list[str]:
    """The names of all encoders, sorted."""
    return sorted(cards.find())


def card(name: str) -> ModelCard:
    """The model card of one encoder, by its name or an alias.

    Raises:
        UnknownEncoderError: there is none of that name; the message lists those there are.
    """
    if name not in cards.find():
        known = names()
        for each in known:
            with suppress(WeightsError):  # a broken card of the user's stands in no other's way
                if name in cards.read(each).aliases:
                    return cards.read(each)
        hint = did_you_mean(name, known)
        raise UnknownEncoderError(
            f"No encoder is called {name!r}.{hint} The encoders are: {', '.join(known)}."
        )
    return cards.read(name)


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """` Did you mean phash?` where a known name is near; capitals make no difference."""
    asked = name.lower()
    close = [each for each in known if asked and asked in each.lower()]
    close = close or difflib.get_close_matches(asked, known, n=2, cutoff=0.5)
    return f" Did you mean {' or '.join(close)}?" if close else ""


def own_name(name: str) -> str:
    """The name that collections keep: a model's own for an alias, else what was given."""
    try:
        return card(name).name
    except UnknownEncoderError:
        return name


def load(
    name: str,
    *,
    progress: Callable[[str, int, int], None] | None = None,
    offline: bool | None = None,
) -> "Encoder":
    """Load an encoder, finding or downloading its weights; the same object every time.

    Args:
        name: one of `names()`, or an alias of one.
        progress: called as progress(stage, done, total) with bytes while downloading.
        offline: True never touches the network; None asks LOOKALIKE_OFFLINE and HF_HUB_OFFLINE.

    Raises:
        UnknownEncoderError: there is no encoder of that name.
        WeightsError: the weights cannot be had; the message lists what was tried.
    """
    model = card(name)
    with _guard:
        lock = _locks.setdefault(model.name, threading.Lock())
    with lock:
        if model.name not in _loaded:
            _loaded[model.name] = _make(model, progress, offline)
        return _loaded[model.name]


def forget(name: str) -> None:
    """Load an encoder anew when it is next asked for; its files are others now."""
    with _guard:
        _loaded.pop(name, None)


def _make(
    model: ModelCard, progress: Callable[[str, int, int], None] | None, offline: bool | None
) -> "Encoder":
    if model.kind == "hash":
        from lookalike.encoders.hashes.encoder import make

        return make(model)
    from lookalike.encoders.onnx import OnnxEncoder

    return OnnxEncoder(model, progress=progress, offline=offline)
