"""clip-vit-b-32 from a hub: the pinned addresses and digests, and its whole path with stand-ins.

The hub cannot be had in tests. So stand-ins of the shape of the published files lie on a server of
ours where the model card says that those are, and the card's digests are the stand-ins' own.
"""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_onnx
from PIL import Image
from static_server import StaticServer, serving
from tokenizers import Tokenizer, models, pre_tokenizers

import lookalike
from lookalike.encoders import card as cards
from lookalike.encoders import registry, weights
from lookalike.encoders.card import ModelCard, WeightFile
from lookalike.encoders.sources import cache
from lookalike.errors import WeightsError

NAME, SIZE = "clip-vit-b-32", 512
CARD = cards.read(NAME)
FOLDER = "/Xenova/clip-vit-base-patch32/resolve/d15189d7028b43f1d3e65039190477f6af591c2a"
FILES = {
    f"{FOLDER}/onnx/vision_model_quantized.onnx": CARD.files("image")[0],
    f"{FOLDER}/onnx/text_model_quantized.onnx": CARD.files("text")[0],
    f"{FOLDER}/tokenizer.json": CARD.files("text")[1],
}
COLOURS = ("red", "green", "blue")


def image_tower() -> bytes:
    """pixel_values (n, 3, 224, 224) → image_embeds (n, 512): the mean colour, then zeros."""
    matrix = np.eye(3, SIZE).ravel().tolist()
    return tiny_onnx.model(
        [
            tiny_onnx.node("GlobalAveragePool", ["pixel_values"], ["means"]),
            tiny_onnx.node("Flatten", ["means"], ["colour"], axis=1),
            tiny_onnx.node("MatMul", ["colour", "matrix"], ["image_embeds"]),
        ],
        [tiny_onnx.floats("matrix", [3, SIZE], matrix)],
        [tiny_onnx.value("pixel_values", tiny_onnx.FLOAT, ["n", 3, 224, 224])],
        [tiny_onnx.value("image_embeds", tiny_onnx.FLOAT, ["n", SIZE])],
    )


def text_tower() -> bytes:
    """input_ids (n, length) → text_embeds (n, 512): the colours of the words added up."""
    table = np.zeros((4, SIZE))
    table[1:, :3] = np.eye(3) * 2 - 1
    return tiny_onnx.model(
        [
            tiny_onnx.node("Gather", ["table", "input_ids"], ["words"], axis=0),
            tiny_onnx.node("ReduceSum", ["words", "axes"], ["text_embeds"], keepdims=0),
        ],
        [
            tiny_onnx.floats("table", [4, SIZE], table.ravel().tolist()),
            tiny_onnx.int64s("axes", [1]),
        ],
        [tiny_onnx.value("input_ids", tiny_onnx.INT64, ["n", "length"])],
        [tiny_onnx.value("text_embeds", tiny_onnx.FLOAT, ["n", SIZE])],
    )


def tokenizer() -> bytes:
    words = {word: number for number, word in enumerate(("?", *COLOURS))}
    made = Tokenizer(models.WordLevel(words, unk_token="?"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made.to_str().encode()


CONTENTS = dict(zip(FILES, (image_tower(), text_tower(), tokenizer()), strict=True))


@pytest.fixture
def hub(monkeypatch, empty_cache):
    with serving() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


def standing_in() -> ModelCard:
    """The card, with the digests of the stand-ins."""

    def file(path: str) -> WeightFile:
        content = CONTENTS[path]
        sha256 = hashlib.sha256(content).hexdigest()
        return replace(FILES[path], sha256=sha256, bytes=len(content))

    image, text, words = map(file, FILES)
    assert CARD.image is not None
    assert CARD.text is not None
    return replace(
        CARD,
        image=replace(CARD.image, file=image),
        text=replace(CARD.text, model=text, tokenizer=words),
    )


@pytest.fixture
def stand_ins(hub: StaticServer, monkeypatch) -> StaticServer:
    hub.pages = {path: ("application/octet-stream", data) for path, data in CONTENTS.items()}
    real, card = cards.read, standing_in()
    monkeypatch.setattr(cards, "read", lambda name: card if name == NAME else real(name))
    return hub


def test_each_file_is_asked_for_at_its_pinned_place(hub, empty_cache):
    hub.pages = dict.fromkeys(FILES, ("application/octet-stream", b"another"))
    for tower in CARD.towers:
        for file in CARD.files(tower):
            with pytest.raises(WeightsError, match=rf"ended after 7 of {file.bytes} bytes"):
                weights.find(replace_only(file), "image")
    assert [path for path, _ in hub.asked] == list(FILES)


def replace_only(file: WeightFile) -> ModelCard:
    """The card with this file as its image tower, so that it alone is looked for."""
    assert CARD.image is not None
    return replace(CARD, image=replace(CARD.image, file=file))


@pytest.mark.parametrize("file", FILES.values(), ids=lambda file: file.name)
def test_another_file_of_the_same_length_is_refused(hub, empty_cache, file):
    card = replace_only(file)
    part = cache.place(card, file).with_name(f"{file.name}.part")
    part.parent.mkdir(parents=True)
    with part.open("wb") as stream:
        stream.truncate(file.bytes)
    with pytest.raises(WeightsError, match=f"wrong SHA-256: expected {file.sha256}, got"):
        weights.find(card, "image")
    assert not part.exists()


def test_pictures_and_words_meet(stand_ins, tmp_path: Path):
    for colour in COLOURS:
        Image.new("RGB", (300, 200), colour).save(tmp_path / f"{colour}.png")
    with lookalike.open(tmp_path / "c.lookalike", encoder=NAME) as collection:
        assert not collection.add(tmp_path).failed
        # The text tower is fetched when words are first asked for, not before.
        assert [path for path, _ in stand_ins.asked] == list(FILES)[:1]
        for colour in COLOURS:
            page = collection.search(text=colour, limit=1)
            assert [Path(hit.record.uri).stem for hit in page] == [colour]
    assert [path for path, _ in stand_ins.asked] == list(FILES)


def test_once_fetched_the_hub_is_not_asked(stand_ins, monkeypatch):
    card = registry.card(NAME)
    for tower in card.towers:
        weights.find(card, tower)
    asked = len(stand_ins.asked)
    encoder = registry.load(NAME, offline=True)
    assert encoder.encode_images([Image.new("RGB", (5, 5))]).shape == (1, SIZE)
    assert encoder.encode_texts(["red"]).shape == (1, SIZE)
    assert len(stand_ins.asked) == asked == 3
    assert all(status.origin == "cache" for status in weights.status(card))
