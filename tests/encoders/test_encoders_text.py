import os

import numpy as np
import pytest
import tiny_onnx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from lookalike.encoders import registry
from lookalike.encoders.onnx import OnnxEncoder
from lookalike.errors import UsageError, WeightsError

VOCABULARY = {"[UNK]": 0, "[PAD]": 1, "red": 2, "green": 3, "blue": 4}


def tokenizer(vocabulary=VOCABULARY) -> str:
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made.to_str()


def bring(folder, model, tokens=None):
    folder.mkdir(exist_ok=True)
    (folder / "text.onnx").write_bytes(model)
    (folder / "tokenizer.json").write_text(tokens or tokenizer())


@pytest.fixture
def encoder(tiny_in_folder, models):
    return OnnxEncoder(tiny_in_folder)


def test_a_tower_brought_later_works_at_once(encoder, models):
    assert not encoder.has_text
    with pytest.raises(WeightsError) as caught:
        encoder.encode_texts(["red"])
    message = str(caught.value)
    assert "The text tower of tiny is missing: text.onnx" in message
    assert "FOLDER/tiny-text-NAME" in message
    assert str(models) in message
    bring(models / "tiny-text-mine", tiny_onnx.text_tower([3.0, 0.0, 4.0]))
    assert encoder.has_text
    np.testing.assert_allclose(encoder.encode_texts(["red"]), [[0.6, 0, 0.8]], atol=1e-6)
    # Another one in its place is seen as well.
    bring(models / "tiny-text-mine", tiny_onnx.text_tower([0.0, 1.0, 0.0]))
    os.utime(models / "tiny-text-mine" / "text.onnx", ns=(1, 1))
    assert encoder.encode_texts(["red"]).tolist() == [[0, 1, 0]]


def test_half_a_tower_is_none(encoder, models):
    bring(models / "tiny-text-half", tiny_onnx.text_tower([1.0, 1.0, 1.0]))
    (models / "tiny-text-half" / "tokenizer.json").unlink()
    assert not encoder.has_text
    with pytest.raises(WeightsError, match=r"no text\.onnx with tokenizer\.json"):
        encoder.encode_texts(["red"])


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("length", ["length", 4])
def test_length_and_inputs_come_from_the_model(encoder, models, masked, length):
    bring(models / "tiny", tiny_onnx.text_tower([1.0, 0, 0], length, masked=masked))
    assert encoder.encode_texts(["red green", "blue"]).tolist() == [[1, 0, 0], [1, 0, 0]]
    said: list[str] = []
    encoder.encode_texts(["red " * 9], said.append)
    assert len(said) == 1
    assert f"first {4 if length == 4 else 8} tokens" in said[0]
    said.clear()
    encoder.encode_texts(["red " * 4], said.append)
    assert not said


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u3000"])
def test_empty_text_is_wrong_use(encoder, models, text):
    bring(models / "tiny", tiny_onnx.text_tower([1.0, 0, 0]))
    with pytest.raises(UsageError, match="empty"):
        encoder.encode_texts(["red", text])


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(alphabet=st.characters(), min_size=1))
def test_any_unicode_is_read(encoder, models, text):
    if not (models / "tiny" / "text.onnx").exists():
        # The unknown word has a number other than 0, so that no text sums up to nothing.
        words = {**VOCABULARY, "[UNK]": 5, "zero": 0}
        bring(models / "tiny", tiny_onnx.text_tower([0, 1.0, 0]), tokenizer(words))
    if text.strip():
        assert encoder.encode_texts([text]).tolist() == [[0, 1, 0]]


def test_lone_surrogates_are_read(encoder, models):
    bring(models / "tiny", tiny_onnx.text_tower([0, 1.0, 0]))
    assert encoder.encode_texts(["red \udcff"]).shape == (1, 3)


def test_no_texts_give_no_rows(encoder, models):
    bring(models / "tiny", tiny_onnx.text_tower([0, 1.0, 0]))
    assert encoder.encode_texts([]).shape == (0, 3)


@pytest.mark.parametrize(
    ("model", "tokens", "message"),
    [
        (b"nonsense", None, "cannot be used as a model"),
        (tiny_onnx.text_tower([1.0, 0, 0]), "{}", "cannot be used as a tokenizer"),
        (tiny_onnx.text_tower([1.0, 0]), None, "another model"),
        (tiny_onnx.text_tower([float("nan"), 0, 0]), None, "broken"),
        (tiny_onnx.image_tower(1.0, output="text_embeds"), None, "input_ids"),
        (
            tiny_onnx.text_tower([1.0, 0, 0], 4),
            tokenizer({"[UNK]": 0, "red": 1}),
            "none to pad with",
        ),
    ],
)
def test_a_wrong_tower_is_named(encoder, models, model, tokens, message):
    bring(models / "tiny", model, tokens)
    with pytest.raises(WeightsError, match=message):
        encoder.encode_texts(["red"])


def test_words_find_pictures(shared, monkeypatch, photos):
    """The stand-in tower of the development models, on the repository's photographs."""
    monkeypatch.setenv("LOOKALIKE_MODELS", str(shared / "models"))
    from PIL import Image

    encoder = registry.load("clip-vit-b-16")
    assert encoder.has_text
    files = ["animals/chelsea-the-cat.png", "buildings/colosseum.jpg", "animals/otters.jpg"]
    pictures = encoder.encode_images([Image.open(photos / file).convert("RGB") for file in files])
    words = ["a cat looking at the camera", "an ancient roman building", "otters in the water"]
    scores = encoder.encode_texts(words) @ pictures.T
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]
    said: list[str] = []
    encoder.encode_texts(["a very long story " * 100], said.append)
    assert "77 tokens" in said[0]
