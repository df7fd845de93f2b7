"""A description and a weights file make an encoder, and what does not fit is said."""

import contextlib
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
import tiny_onnx
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from lookalike.encoders import card as cards
from lookalike.encoders import registry
from lookalike.encoders.own import check, description, install, place
from lookalike.encoders.own.presets import PRESETS
from lookalike.errors import EnvironmentFailure, NotFoundError, UsageError, WeightsError

SHORTEST = 'preprocessing = "raw-0-255"\n'


@pytest.fixture
def brought(tmp_path: Path, models: Path) -> Path:
    """A folder with a description and a model beside it; what is added goes elsewhere."""
    folder = tmp_path / "brought"
    folder.mkdir()
    (folder / "mine.toml").write_text(SHORTEST)
    (folder / "mine.onnx").write_bytes(tiny_onnx.image_tower(1.0, side=4))
    return folder


def write_tokenizer(path: Path) -> Path:
    words = {"[UNK]": 0, "[PAD]": 1, "a": 2, "cat": 3, "sky": 4, "night": 5}
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(path))
    return path


def test_the_shortest_description(brought, models):
    card = install.add(brought / "mine.toml")
    assert (card.name, card.size, card.licence.weights) == ("mine", 3, "unknown")
    assert card.image is not None
    assert (card.image.input, card.image.output, card.image.pool) == ("pixels", "embedding", "none")
    rule = card.image.preprocessing
    assert (rule.layout, rule.dtype, rule.crop, rule.shorter_side) == ("NCHW", "float32", 4, 5)
    assert "mine" in registry.names()
    vectors = registry.load("mine").encode_images(
        [Image.new("RGB", (9, 9), "red"), Image.new("RGB", (9, 9), "blue")]
    )
    np.testing.assert_allclose(vectors, [[1, 0, 0], [0, 0, 1]])
    assert check.problems(registry.load("mine")) == []
    # Nothing is left of the way there.
    assert {path.name for path in models.iterdir()} == {".lock", "mine", "mine.toml"}


def test_what_is_said_wins(brought):
    (brought / "mine.toml").write_text("""
name = "colours"
title = "Mean colours"
licence = "CC0-1.0"
min_side = 64
[preprocessing]
preset = "imagenet"
resize = "stretch"
scale = 1.0
mean = 0
std = [1, 1.0, 2]
version = 3
[image]
output = "scaled"
pool = "mean"
""")
    card = install.add(brought / "mine.toml")
    assert (card.name, card.title, card.licence.weights) == ("colours", "Mean colours", "CC0-1.0")
    assert card.min_side == 64
    assert card.image is not None
    assert (card.image.output, card.image.pool) == ("scaled", "mean")
    rule = card.image.preprocessing
    assert (rule.resize, rule.mean, rule.std, rule.version) == ("stretch", (0, 0, 0), (1, 1, 2), 3)


def test_a_full_card_is_a_description(brought):
    (brought / "tiny.toml").write_text(tiny_onnx.CARD)
    (brought / "tiny.onnx").write_bytes(tiny_onnx.image_tower(1.0))
    card = install.add(brought / "tiny.toml")
    assert card.image is not None
    written = cards.parse(tiny_onnx.CARD, "tiny").image
    assert written is not None
    assert card.image.preprocessing == written.preprocessing
    assert card.text is None  # it brought none


def test_the_small_model_of_the_tests(brought, models):
    """A real one: fp16, and only named by the card that fetches it."""
    own = Path(__file__).with_name("difr.toml")
    shutil.copy(own, models / "difr.toml")
    from lookalike.encoders import weights

    (found,) = weights.find(registry.card("difr"), "image")
    (brought / "efficient.toml").write_text('preprocessing = "imagenet"')
    card = install.add(brought / "efficient.toml", file=found.path)
    assert card.size == 1280
    assert card.image is not None
    assert card.image.preprocessing.dtype == "float16"
    photo = Image.effect_noise((300, 200), 90).convert("RGB")
    (ours,) = registry.load("efficient").encode_images([photo])
    assert np.linalg.norm(ours) == pytest.approx(1, abs=1e-3)


def test_words(brought, tmp_path):
    text = brought / "words.onnx"
    text.write_bytes(tiny_onnx.text_tower([1.0, 2.0, 3.0]))
    tokenizer = write_tokenizer(brought / "words.json")
    with pytest.raises(UsageError, match="--text and --tokenizer together"):
        install.add(brought / "mine.toml", text=text)
    # The sum of the ids times three numbers: all words lie in one direction.
    with pytest.raises(WeightsError, match="all words give the same embedding"):
        install.add(brought / "mine.toml", text=text, tokenizer=tokenizer)
    text.write_bytes(tiny_onnx.text_tower([1.0, 2.0]))
    with pytest.raises(WeightsError, match="the text tower of another model"):
        install.add(brought / "mine.toml", text=text, tokenizer=tokenizer)
    text.write_bytes(spread_text_tower())
    card = install.add(brought / "mine.toml", text=text, tokenizer=tokenizer)
    assert card.text is not None
    assert (card.text.output, card.text.max_tokens) == ("text_embeds", 77)
    assert registry.load("mine").has_text
    assert registry.load("mine").encode_texts(["a cat"]).shape == (1, 3)
    text.write_bytes(tiny_onnx.image_tower(1.0))
    with pytest.raises(WeightsError, match="takes no input_ids"):
        install.add(brought / "mine.toml", text=text, tokenizer=tokenizer, replace=True)
    (brought / "words.json").write_text("[")
    text.write_bytes(spread_text_tower())
    with pytest.raises(WeightsError, match="tokenizer"):
        install.add(brought / "mine.toml", text=text, tokenizer=tokenizer, replace=True)


def spread_text_tower() -> bytes:
    """(n, length) ids → (n, 3): their sum, the largest, and n plus how many there are."""
    shape: list[int | str] = ["n", "length"]
    return tiny_onnx.model(
        [
            tiny_onnx.node("Cast", ["input_ids"], ["numbers"], to=tiny_onnx.FLOAT),
            tiny_onnx.node("ReduceSum", ["numbers", "axes"], ["sum"], keepdims=1),
            tiny_onnx.node("ReduceMax", ["numbers"], ["max"], keepdims=1),
            tiny_onnx.node("Shape", ["numbers"], ["shape"]),
            tiny_onnx.node("Cast", ["shape"], ["sizes"], to=tiny_onnx.FLOAT),
            tiny_onnx.node("ReduceSum", ["sizes", "first"], ["size"], keepdims=1),
            tiny_onnx.node("Mul", ["size", "ones"], ["length"]),
            tiny_onnx.node("Concat", ["sum", "max", "length"], ["text_embeds"], axis=1),
        ],
        [
            tiny_onnx.int64s("axes", [1]),
            tiny_onnx.int64s("first", [0]),
            tiny_onnx.floats("ones", [1, 1], [1.0]),
        ],
        [tiny_onnx.value("input_ids", tiny_onnx.INT64, shape)],
        [tiny_onnx.value("text_embeds", tiny_onnx.FLOAT, ["n", 3])],
    )


def tower(*, shape=("n", 3, 4, 4), inputs=1, outputs=1, kind=tiny_onnx.FLOAT) -> bytes:
    """Models that are good for nothing."""
    names = ["pixels", "more"][:inputs]
    nodes = [tiny_onnx.node("Identity", [name], [f"out_{name}"]) for name in names]
    nodes += [tiny_onnx.node("Identity", ["pixels"], ["twice"])] * (outputs - 1)
    brought = [f"out_{name}" for name in names[:1]] + ["twice"] * (outputs - 1)
    return tiny_onnx.model(
        nodes,
        [],
        [tiny_onnx.value(name, kind, list(shape)) for name in names],
        [tiny_onnx.value(name, kind, list(shape)) for name in brought],
    )


def channels_last() -> bytes:
    """(n, 4, 4, 3) → (n, 4, 4, 6)."""
    return tiny_onnx.model(
        [tiny_onnx.node("Concat", ["pixels", "pixels"], ["joined"], axis=3)],
        [],
        [tiny_onnx.value("pixels", tiny_onnx.FLOAT, ["n", 4, 4, 3])],
        [tiny_onnx.value("joined", tiny_onnx.FLOAT, ["n", 4, 4, 6])],
    )


def test_a_model_that_takes_bytes_and_has_no_bias(brought):
    """Black is zero to it, and no made-up picture is black."""
    model = tiny_onnx.model(
        [
            tiny_onnx.node("Cast", ["pixels"], ["numbers"], to=tiny_onnx.FLOAT),
            tiny_onnx.node("GlobalAveragePool", ["numbers"], ["pooled"]),
            tiny_onnx.node("Flatten", ["pooled"], ["embedding"], axis=1),
        ],
        [],
        [tiny_onnx.value("pixels", tiny_onnx.UINT8, ["n", 3, 4, 4])],
        [tiny_onnx.value("embedding", tiny_onnx.FLOAT, ["n", 3])],
    )
    (brought / "mine.onnx").write_bytes(model)
    assert install.add(brought / "mine.toml").size == 3


@pytest.mark.parametrize(
    ("description", "model", "said"),
    [
        ("", tiny_onnx.image_tower(1.0), ['write preprocessing = one of "imagenet", "clip"']),
        (
            'preprocessing = "clip"\nimage.input = "x"\nimage.output = "y"',
            tiny_onnx.image_tower(1.0),
            ["no input 'x'", "no value 'y'", "pixels float32 (any, 3, 2, 2)", "embedding float32"],
        ),
        (SHORTEST, tower(inputs=2), ["has 2 inputs", "pixels float32", "more float32"]),
        (SHORTEST, tower(outputs=2), ['output = "NAME" under [image]', "out_pixels", "twice"]),
        (SHORTEST, tower(), ['write pool = "max" or pool = "mean"', "(1, 3, 4, 4)"]),
        (SHORTEST, tower(shape=("n", 3, 16)), ["3 axes", "a batch of pictures has 4"]),
        (SHORTEST, tower(shape=(8, 3, 4, 4)), ["8 pictures at once"]),
        (SHORTEST, tower(shape=("n", 4, 4, 4)), ["no axis of 3 channels"]),
        (SHORTEST, tower(shape=("n", 3, 4, 3)), ['layout = "NCHW" or "NHWC"']),
        (SHORTEST, tower(shape=("n", 3, 4, 6)), ["takes 6 × 4 pixels, and would get 4 × 4"]),
        (SHORTEST, channels_last(), ["joined has its channels last"]),
        (SHORTEST, tower(kind=tiny_onnx.INT64), ["takes int64"]),
        (SHORTEST + "size = 4", tiny_onnx.image_tower(1.0), ["gives 3 numbers", "size = 4"]),
        (
            '[preprocessing]\npreset = "clip"\ncrop = 8\ndtype = "float16"',
            tiny_onnx.image_tower(1.0),
            ["takes 2 × 2 pixels, and would get 8 × 8", "takes float32", "says float16"],
        ),
        ('[preprocessing]\npreset = "clip"\nstd = 0', tiny_onnx.image_tower(1.0), ["not be 0"]),
        (
            '[preprocessing]\npreset = "clip"\nshorter_side = 1',
            tiny_onnx.image_tower(1.0),
            ["shorter_side is 1, less than the crop of 2"],
        ),
        ("[preprocessing]\nmean = 0", tiny_onnx.image_tower(1.0), ["resize is not said"]),
        (
            SHORTEST + '[image.file]\nsha256 = "00"',
            tiny_onnx.image_tower(1.0),
            ["the description says 00"],
        ),
        (SHORTEST, tiny_onnx.image_tower(float("nan")), ["that is not finite"]),
        (SHORTEST, tiny_onnx.image_tower(0.0), ["that is zero"]),
        (SHORTEST, b"no model", ["mine.onnx cannot be used as a model"]),
    ],
)
def test_every_mismatch_is_said(brought, models, description, model, said):
    (brought / "mine.toml").write_text(description)
    (brought / "mine.onnx").write_bytes(model)
    with pytest.raises(WeightsError) as caught:
        install.add(brought / "mine.toml")
    for part in (str(brought / "mine.onnx"), *said):
        assert part in str(caught.value)
    assert ".adding-" not in str(caught.value)
    assert "mine" not in registry.names()
    assert [path.name for path in models.iterdir()] == [".lock"]


def test_what_a_killed_attempt_left_is_swept_up(brought, models):
    left = models / ".adding-killed"
    left.mkdir(parents=True)
    (left / "image.onnx").write_bytes(b"half a mod")
    install.add(brought / "mine.toml")
    assert sorted(path.name for path in models.iterdir()) == [".lock", "mine", "mine.toml"]


def test_a_model_that_sees_nothing_is_refused(brought):
    model = tiny_onnx.model(
        [
            tiny_onnx.node("Mul", ["pixels", "zero"], ["scaled"]),
            tiny_onnx.node("Add", ["scaled", "one"], ["same"]),
            tiny_onnx.node("GlobalAveragePool", ["same"], ["pooled"]),
            tiny_onnx.node("Flatten", ["pooled"], ["embedding"], axis=1),
        ],
        [tiny_onnx.floats("zero", [1], [0.0]), tiny_onnx.floats("one", [1], [1.0])],
        [tiny_onnx.value("pixels", tiny_onnx.FLOAT, ["n", 3, 4, 4])],
        [tiny_onnx.value("embedding", tiny_onnx.FLOAT, ["n", 3])],
    )
    (brought / "mine.onnx").write_bytes(model)
    with pytest.raises(WeightsError, match="all pictures give the same embedding"):
        install.add(brought / "mine.toml")


@pytest.mark.parametrize("beside", [True, False])
def test_weights_in_a_second_file_are_told(brought, models, beside):
    (brought / "mine.onnx").write_bytes(tiny_onnx.outside(4, "mine.onnx.data"))
    if beside:
        (brought / "mine.onnx.data").write_bytes(np.float32(1).tobytes())
    with pytest.raises(WeightsError) as caught:
        install.add(brought / "mine.toml")
    said = str(caught.value)
    assert "keeps its weights in other files" in said
    assert "onnx.save" in said
    assert f"{brought / 'mine.onnx'}" in said
    assert str(models) not in said
    assert "ONNXRuntimeError" not in said


class Moody:
    """An encoder with a fault."""

    has_text = False

    def __init__(self, fault: str) -> None:
        self.spec = registry.load("phash").spec.__class__("moody", "embedding", 2)
        self.fault = fault
        self.calls = 0

    def encode_images(self, pictures):
        self.calls += 1
        angle = np.array([np.asarray(each.resize((1, 1))).sum() for each in pictures], float)
        if self.fault == "moody":
            angle += self.calls
        if self.fault == "company":
            angle += len(pictures)
        rows = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return rows * 2 if self.fault == "long" else rows


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("moody", "another embedding each time"),
        ("company", "depends on which others"),
        ("long", "not 1"),
    ],
)
def test_faults_of_encoders_are_seen(fault, said):
    assert any(said in problem for problem in check.problems(Moody(fault)))


@pytest.mark.parametrize("name", ["phash", "pdq", "whash"])
def test_hashes_pass_the_same_check(name):
    assert check.problems(registry.load(name)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("preprocessing = ", ["TOML"]),
        ('preprocessing = "nothing"', ["preprocessing.preset is 'nothing'", "clip"]),
        (
            "size = 0\nfoo = 1\n[image]\nbar = 2",
            ["size is 0", "no field foo", "no field image.bar"],
        ),
        ('[preprocessing]\nmean = [1, 2]\nscale = "x"\ncrop = true', ["mean", "scale", "crop"]),
        ("image = 3", ["image is 3, and has to be a table"]),
        ('preprocessing = "clip"\nimage.preprocessing = "clip"', ["given twice"]),
        ("min_side = -1\ntitle = 3", ["min_side is -1", "title is 3"]),
    ],
)
def test_a_wrong_description_is_said(brought, text, said):
    (brought / "mine.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        install.add(brought / "mine.toml")
    for part in ("mine.toml", *said):
        assert part in str(caught.value)


FIELDS = [
    "name",
    "title",
    "size",
    "min_side",
    "licence",
    "input",
    "output",
    "file",
    "sha256",
    "preprocessing",
    "text",
    "image",
    "preset",
    "mean",
    "std",
    "scale",
    "crop",
    "shorter_side",
    "layout",
    "max_tokens",
    "weights",
]
LEAVES = st.one_of(
    st.text(max_size=5),
    st.integers(-5, 10**12),
    st.floats(),
    st.booleans(),
    st.lists(st.integers(), max_size=4),
    st.sampled_from(["clip", "imagenet", "NCHW"]),
)
TABLES = st.recursive(
    LEAVES,
    lambda below: st.dictionaries(st.sampled_from(FIELDS), below, max_size=5),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), TABLES, max_size=6))
def test_whatever_is_written_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(tomli_w.dumps(data), encoding="utf-8")
    with contextlib.suppress(UsageError):
        assert description.read(path)[1].size >= 0


@pytest.mark.parametrize(
    "name",
    ["", "..", "../x", "/x", "a/b", "a\\b", ".x", "-x", "a b", "a\0", "ü", "x" * 65, "C:x", "a,b"],
)
def test_names_that_lead_elsewhere_are_refused(brought, models, name):
    with pytest.raises(UsageError, match="cannot be called"):
        install.add(brought / "mine.toml", name=name)
    with pytest.raises(NotFoundError):
        install.remove(name)
    (brought / "mine.toml").write_text(SHORTEST + '[image.file]\nname = "../mine.onnx"')
    with pytest.raises(UsageError, match="only a file beside it"):
        install.add(brought / "mine.toml")
    assert list(models.iterdir()) == []


@pytest.mark.parametrize("name", ["phash", "PHASH", "clip-vit-b-16"])
def test_names_of_the_package_are_refused(brought, name):
    with pytest.raises(UsageError, match="comes with lookalike"):
        install.add(brought / "mine.toml", name=name)


def test_add_again_replace_and_remove(brought, models):
    before = install.add(brought / "mine.toml")
    first = registry.load("mine")
    (brought / "mine.onnx").write_bytes(tiny_onnx.image_tower(2.0, side=4))
    with pytest.raises(UsageError, match="--replace"):
        install.add(brought / "mine.toml")
    with pytest.raises(UsageError, match="only in capitals"):
        install.add(brought / "mine.toml", name="Mine")
    # What fails leaves what was there.
    (brought / "bad.onnx").write_bytes(tiny_onnx.image_tower(0.0, side=4))
    with pytest.raises(WeightsError):
        install.add(brought / "mine.toml", file=brought / "bad.onnx", replace=True)
    assert registry.card("mine") == before
    after = install.add(brought / "mine.toml", replace=True)
    assert after.image is not None
    assert before.image is not None
    assert after.image.file.sha256 != before.image.file.sha256
    assert registry.load("mine").spec.fingerprint != first.spec.fingerprint
    install.remove("mine")
    assert "mine" not in registry.names()
    assert [path.name for path in models.iterdir()] == [".lock"]
    with pytest.raises(NotFoundError, match="there are: none"):
        install.remove("mine")
    with pytest.raises(UsageError, match="cannot be removed"):
        install.remove("phash")


def test_files_of_the_users_are_not_taken_away(brought, models):
    install.add(brought / "mine.toml")
    (models / "mine" / "notes.txt").write_text("keep")
    install.remove("mine")
    assert (models / "mine" / "notes.txt").read_text() == "keep"
    assert not (models / "mine" / "image.onnx").exists()


def test_a_file_that_changed_is_refused(brought, models):
    install.add(brought / "mine.toml")
    (models / "mine" / "image.onnx").write_bytes(tiny_onnx.image_tower(3.0, side=4))
    registry.forget("mine")
    with pytest.raises(WeightsError, match=r"not the file that was added as mine.*--replace"):
        registry.load("mine")


def test_files_that_are_not_there(brought):
    with pytest.raises(NotFoundError, match=r"no file .*nowhere\.toml"):
        install.add(brought / "nowhere.toml")
    (brought / "mine.onnx").unlink()
    with pytest.raises(NotFoundError, match=r"no file .*mine\.onnx; name the model's file"):
        install.add(brought / "mine.toml")
    with (brought / "mine.toml").open("wb") as stream:
        stream.truncate(2 << 20)
    with pytest.raises(UsageError, match="too large for a description"):
        install.add(brought / "mine.toml")


def test_a_folder_that_cannot_be_made(brought, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(place.VARIABLE, str(tmp_path / "file" / "models"))
    with pytest.raises(EnvironmentFailure, match="cannot be written to"):
        install.add(brought / "mine.toml")


def test_without_the_variable_it_is_the_users_data_folder(brought, tmp_path, monkeypatch):
    monkeypatch.delenv(place.VARIABLE)
    monkeypatch.setattr(place.platformdirs, "user_data_path", lambda name: tmp_path / name)
    install.add(brought / "mine.toml")
    assert (tmp_path / "lookalike" / "models" / "mine" / "image.onnx").is_file()
    assert "mine" in registry.names()


def test_every_preset_makes_a_card(brought):
    for preset in PRESETS:
        (brought / "mine.toml").write_text(f'preprocessing = "{preset}"')
        card = install.add(brought / "mine.toml", name=f"with-{preset}")
        written = tomllib.loads(cards.find()[card.name].read_text())
        assert written["image"]["preprocessing"]["crop"] == 4
