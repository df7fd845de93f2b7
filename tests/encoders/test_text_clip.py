"""The path of CLIP's text towers, with a small one of their kind: BPE, and pooling at the end.

CLIP's tokenizer closes a text with <|endoftext|>, the largest number there is, and pads with it to
77; the tower attends only backwards and takes what it has at the first of them. So padding must
change nothing. The tower here keeps both properties: it adds up random embeddings of the tokens so
far and takes the sum at the largest number.
"""

import json
import unicodedata

import numpy as np
import pytest
import tiny_onnx
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from lookalike.encoders.card import TextTower, WeightFile
from lookalike.encoders.text import TextEncoder
from lookalike.errors import UsageError

SIZE = 8
START, END = "<|startoftext|>", "<|endoftext|>"
WORDS = ["a photo of a cat", "a photo of a dog at night", "an old red car", "photos of cats"]
SPLIT = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
FILE = WeightFile("none")


def bpe() -> Tokenizer:
    """A tokenizer made as CLIP's is, with a vocabulary of its own."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trained = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    trained.pre_tokenizer = pre_tokenizers.Whitespace()
    trained.train_from_iterator(
        WORDS, trainers.BpeTrainer(vocab_size=80, end_of_word_suffix="</w>", show_progress=False)
    )
    merges = [tuple(pair) for pair in json.loads(trained.to_str())["model"]["merges"]]
    vocabulary = dict.fromkeys(
        [*alphabet, *(f"{byte}</w>" for byte in alphabet), *("".join(pair) for pair in merges)]
    )
    vocabulary |= dict.fromkeys([START, END])
    numbers = {token: number for number, token in enumerate(vocabulary)}
    made = Tokenizer(
        models.BPE(numbers, merges, unk_token=END, end_of_word_suffix="</w>", fuse_unk=False)
    )
    made.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    made.post_processor = processors.RobertaProcessing(
        (END, numbers[END]), (START, numbers[START]), trim_offsets=False, add_prefix_space=False
    )
    made.add_special_tokens([START, END])
    return made


def tower(
    vocabulary: int, length: int | str, *, masked: bool, kind: int = tiny_onnx.INT64
) -> bytes:
    """(n, length) ids → (n, SIZE)."""
    table = np.random.default_rng(1).normal(size=(vocabulary, SIZE)).ravel().tolist()
    shape: list[int | str] = ["n", length]
    inputs = [tiny_onnx.value("input_ids", kind, shape)]
    nodes = [tiny_onnx.node("Gather", ["table", "input_ids"], ["tokens"], axis=0)]
    if masked:
        inputs.append(tiny_onnx.value("attention_mask", kind, shape))
        nodes += [
            tiny_onnx.node("Cast", ["attention_mask"], ["mask"], to=tiny_onnx.FLOAT),
            tiny_onnx.node("Unsqueeze", ["mask", "last"], ["column"]),
            tiny_onnx.node("Mul", ["tokens", "column"], ["kept"]),
        ]
    nodes += [
        tiny_onnx.node("CumSum", ["kept" if masked else "tokens", "axis"], ["so_far"]),
        tiny_onnx.node("ArgMax", ["input_ids"], ["end"], axis=1, keepdims=1),
        tiny_onnx.node("GatherND", ["so_far", "end"], ["text_embeds"], batch_dims=1),
    ]
    return tiny_onnx.model(
        nodes,
        [
            tiny_onnx.floats("table", [vocabulary, SIZE], table),
            tiny_onnx.int64s("axis", [1]),
            tiny_onnx.int64s("last", [2]),
        ],
        inputs,
        [tiny_onnx.value("text_embeds", tiny_onnx.FLOAT, ["n", SIZE])],
    )


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """Builds text encoders of the tower with one tokenizer."""
    folder = tmp_path_factory.mktemp("clip")
    tokenizer = bpe()
    tokenizer.save(str(folder / "tokenizer.json"))

    def build(length: int | str = 77, *, masked: bool = False, **options: int) -> TextEncoder:
        path = folder / f"{length}-{masked}-{options}.onnx"
        path.write_bytes(tower(tokenizer.get_vocab_size(), length, masked=masked, **options))
        card = TextTower(model=FILE, tokenizer=FILE, output="text_embeds", max_tokens=77)
        return TextEncoder(card, path, folder / "tokenizer.json", SIZE)

    return build


@pytest.fixture(scope="module")
def encoder(make):
    return make(77)


def test_the_tokenizer_is_of_clips_kind():
    tokenizer = bpe()
    encoded = tokenizer.encode("A  Photo of a CAT")
    assert encoded.tokens[0] == START
    assert encoded.tokens[-1] == END
    assert encoded.ids[-1] == tokenizer.get_vocab_size() - 1
    assert encoded.tokens[1:3] == ["a</w>", "photo</w>"]


@pytest.mark.parametrize("text", [*WORDS, "Ünïcode — 東京 🦝", "x" * 400])
def test_padding_and_masks_change_nothing(make, text):
    expected = make("length").encode([text])
    for length, masked in [(77, False), (77, True), ("length", True)]:
        got = make(length, masked=masked).encode([text])
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, expected, atol=1e-5)


def test_numbers_of_32_bits_where_the_model_takes_them(make, encoder):
    narrow = make(77, kind=6)  # int32
    np.testing.assert_allclose(narrow.encode(WORDS), encoder.encode(WORDS), atol=1e-6)


def test_words_that_differ_give_what_differs(encoder):
    rows = encoder.encode(WORDS)
    cosines = rows @ rows.T
    assert np.abs(cosines - np.eye(len(WORDS))).max() < 0.9999
    np.testing.assert_allclose(np.diag(cosines), 1, atol=1e-5)


def test_a_long_text_keeps_its_end_token(make):
    said: list[str] = []
    text = "a photo of a cat " * 40
    cut = make(77).encode([text], said.append)
    (notice,) = said
    assert "only its first 77 tokens" in notice
    # What is left is the first 75 words, closed as any other.
    kept = " ".join(text.split()[:75])
    np.testing.assert_allclose(cut, make("length").encode([kept]), atol=1e-5)
    said.clear()
    make(77).encode([kept], said.append)
    assert not said


ODD = [
    "\0",
    "\ud83e",
    "\udd9d\ud800",
    "\u200b",
    "\u202eabc",
    "e\u0301\u0323",
    "🏳️‍🌈",
    "עברית",
    "￿",
    "\x7f",
]


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), min_size=1, max_size=200))
@example("\0")
@example("\ud83e lone")
@example("\u200b")
@example("e" + "\u0301" * 300)
@example("\U0010ffff")
def test_any_unicode_is_read(encoder, text):
    if not text.strip():
        with pytest.raises(UsageError, match="empty"):
            encoder.encode([text])
        return
    row = encoder.encode([text])
    assert row.shape == (1, SIZE)
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_are_read_by_the_stand_in(standin, text):
    (row,) = standin.encode_texts([text])
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-4)


@pytest.fixture
def standin(shared, monkeypatch):
    """CLIP ViT-B/16 with the stand-in text tower of the development models."""
    from lookalike.encoders import registry

    monkeypatch.setenv("LOOKALIKE_MODELS", str(shared / "models"))
    return registry.load("clip-vit-b-16")


def test_composed_and_decomposed_letters_are_the_same(encoder):
    text = "café olé"
    forms = [unicodedata.normalize(form, text) for form in ("NFC", "NFD")]
    assert forms[0] != forms[1]
    one, other = encoder.encode(forms)
    np.testing.assert_allclose(one, other, atol=1e-6)
