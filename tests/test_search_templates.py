"""Prompt templates: sentences around the words of a query."""

import numpy as np
import pytest
import tiny_onnx
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

import lookalike
from lookalike.encoders import registry, templates
from lookalike.encoders.own import install
from lookalike.errors import UsageError
from lookalike.search import Term

WORDS = {"[UNK]": 0, "a": 1, "photo": 2, "of": 3, "cat": 4, "dog": 5, "drawing": 6, "{}": 7}


@pytest.fixture
def collection(tmp_path, monkeypatch):
    """Pictures of two colours by a model of our own: mean colours, and words to a circle."""
    from PIL import Image

    monkeypatch.setenv("LOOKALIKE_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(registry, "_loaded", {})
    (tmp_path / "tiny.toml").write_text('preprocessing = "raw-0-255"\n[text]\nmax_tokens = 6\n')
    (tmp_path / "tiny.onnx").write_bytes(tiny_onnx.image_tower(1.0))
    (tmp_path / "text.onnx").write_bytes(circle())
    tokenizer = Tokenizer(WordLevel(WORDS, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    install.add(
        tmp_path / "tiny.toml", text=tmp_path / "text.onnx", tokenizer=tmp_path / "tokenizer.json"
    )
    with lookalike.open(tmp_path / "c", encoder="tiny") as opened:
        opened.add([Image.new("RGB", (9, 9), colour) for colour in ("red", "lime", "blue")])
        yield opened


def circle() -> bytes:
    """(n, length) ids → (n, 3): sine and cosine of their sum, and 1."""
    return tiny_onnx.model(
        [
            tiny_onnx.node("Cast", ["input_ids"], ["numbers"], to=tiny_onnx.FLOAT),
            tiny_onnx.node("ReduceSum", ["numbers", "axes"], ["sum"], keepdims=1),
            tiny_onnx.node("Sin", ["sum"], ["sine"]),
            tiny_onnx.node("Cos", ["sum"], ["cosine"]),
            tiny_onnx.node("Mul", ["sine", "sine"], ["s2"]),
            tiny_onnx.node("Mul", ["cosine", "cosine"], ["c2"]),
            tiny_onnx.node("Add", ["s2", "c2"], ["one"]),
            tiny_onnx.node("Concat", ["sine", "cosine", "one"], ["text_embeds"], axis=1),
        ],
        [tiny_onnx.int64s("axes", [1])],
        [tiny_onnx.value("input_ids", tiny_onnx.INT64, ["n", "length"])],
        [tiny_onnx.value("text_embeds", tiny_onnx.FLOAT, ["n", 3])],
    )


def scores(results):
    return {hit.id: hit.score for hit in results}


def test_words_are_put_into_the_template(collection):
    plain = collection.search(text="cat")
    inside = collection.search(text="cat", template="a photo of a {}")
    assert scores(inside) == scores(collection.search(text="a photo of a cat"))
    assert scores(inside) != scores(plain)
    # The query is what was asked.
    assert inside.query == "cat"
    assert scores(collection.search(text="cat", template=["{}"])) == scores(plain)


def test_several_are_averaged(collection):
    encoder = registry.load("tiny")
    sentences = ["a photo of a cat", "a drawing of a cat"]
    expected = encoder.encode_texts(sentences).sum(axis=0)
    expected /= np.linalg.norm(expected)
    given = ["a photo of a {}", "a drawing of a {}"]
    np.testing.assert_allclose(templates.encode(encoder, "cat", given), expected, atol=1e-6)
    both = collection.search(text="cat", template=given)
    assert scores(both) == pytest.approx(scores(collection.search(vector=expected)), abs=1e-5)


def test_every_words_of_a_mixture_get_it(collection):
    terms = [Term("text", "cat"), Term("text", "dog", -0.5)]
    filled = [Term("text", "a cat"), Term("text", "a dog", -0.5)]
    inside = collection.search(terms=terms, template="a {}")
    assert scores(inside) == pytest.approx(scores(collection.search(terms=filled)), abs=1e-6)


def test_braces_in_the_words_stay_words(collection):
    encoder = registry.load("tiny")
    said = templates.encode(encoder, "{0} {}", ["a {}"])
    np.testing.assert_allclose(said, encoder.encode_texts(["a {0} {}"])[0], atol=1e-6)


def test_a_long_text_is_told_once(collection):
    found = collection.search(text="cat " * 10, template=["a photo of a {}", "a drawing of {}"])
    (notice,) = found.notices
    assert "only its first 6 tokens" in notice


@pytest.mark.parametrize("template", ["a photo", "", "a photo of a {x}", "{", ["{}", "no"], [3]])
def test_a_template_without_a_place_is_refused(collection, template):
    with pytest.raises(UsageError, match="has no place for the words"):
        collection.search(text="cat", template=template)


def test_templates_need_words(collection):
    with pytest.raises(UsageError, match="the query has none"):
        collection.search(id=1, template="a {}")
    with pytest.raises(UsageError, match="is empty"):
        collection.search(text="  ", template="a {}")
