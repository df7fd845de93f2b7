"""Weights from the user's own folder of models (encoders/own/place.py).

FOLDER/MODEL/image.onnx (or under the file name of the model's card) is an image tower;
text.onnx with tokenizer.json in FOLDER/MODEL or in FOLDER/MODEL-text-ANYTHING is a text tower.
Whatever is there is used, whatever its digest.
"""

import os
from pathlib import Path

from lookalike.encoders.card import ModelCard
from lookalike.encoders.own.place import VARIABLE, root


def image_tower(card: ModelCard) -> Path | None:
    """The user's image tower for a model."""
    if card.image is None:
        return None
    folder = root()
    names = dict.fromkeys(("image.onnx", card.image.file.name))
    candidates = (folder / card.name / name for name in names)
    return next((path for path in candidates if path.is_file()), None)


def text_tower(card: ModelCard) -> tuple[Path, Path] | None:
    """The user's text tower for a model: text.onnx and tokenizer.json of one folder."""
    folder = root()
    candidates = [folder / card.name]
    if folder.is_dir():
        candidates += sorted(folder.glob(f"{card.name}-text-*"))
    for candidate in candidates:
        model, tokenizer = candidate / "text.onnx", candidate / "tokenizer.json"
        if model.is_file() and tokenizer.is_file():
            return model, tokenizer
    return None


def why_not(card: ModelCard, tower: str) -> str:
    """One line: why the folder does not have that tower."""
    folder = root()
    if not os.environ.get(VARIABLE):
        return f"{VARIABLE}: not set, and nothing in {folder / card.name}"
    if not folder.is_dir():
        return f"{VARIABLE}: {folder} is not a folder"
    if tower == "image":
        return f"{VARIABLE}: no {folder / card.name / 'image.onnx'}"
    return (
        f"{VARIABLE}: no text.onnx with tokenizer.json in {folder / card.name} "
        f"or {folder / (card.name + '-text-…')}"
    )
