import subprocess
import sys
import threading
from pathlib import Path

import pytest
import tiny_onnx
from PIL import Image

from lookalike.encoders import registry
from lookalike.encoders.base import Encoder
from lookalike.errors import UnknownEncoderError, WeightsError


def test_names_are_sorted_and_have_cards():
    names = registry.names()
    assert names == sorted(names)
    assert {"phash", "clip-vit-b-16", "dinov2-vits14", "mobilenet-v3-large"} <= set(names)
    for name in names:
        assert registry.card(name).name == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("clip", "Did you mean clip-vit-b-16 or clip-vit-b-32?"),
        ("Dinov2-vit14s", "Did you mean dinov2-vits14?"),
        ("p-hash", "Did you mean phash"),
        ("zzz", "The encoders are: ahash, clip-vit-b-16, "),
        ("", "The encoders are: ahash, clip-vit-b-16, "),
        ("../phash", "Did you mean phash"),
    ],
)
def test_unknown_name_says_which_there_are(name, hint):
    with pytest.raises(UnknownEncoderError) as caught:
        registry.card(name)
    assert hint in str(caught.value)


def test_an_alias_is_the_model(empty_cache):
    assert registry.card("vgg16").name == "vgg16-max"
    assert "vgg16" not in registry.names()
    with pytest.raises(WeightsError, match="vgg16-max is missing"):
        registry.load("vgg16", offline=True)


def test_a_broken_card_of_the_users_stands_in_no_others_way(models: Path):
    (models / "aaa.toml").write_text("broken")
    assert registry.card("vgg16").name == "vgg16-max"
    with pytest.raises(UnknownEncoderError, match="Did you mean phash"):
        registry.card("p-hash")
    with pytest.raises(WeightsError, match=r"aaa\.toml"):
        registry.card("aaa")


def test_import_is_light():
    code = (
        "import sys; from lookalike.encoders import registry, weights; registry.names(); "
        "print([m for m in ('numpy', 'PIL', 'onnxruntime', 'httpx') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_load_gives_the_same_object_to_all_threads(tiny_in_folder, models: Path):
    (models / "tiny.toml").write_text(tiny_onnx.CARD)
    got: list[Encoder] = []
    barrier = threading.Barrier(8)

    def load():
        barrier.wait()
        got.append(registry.load("tiny"))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert len(set(map(id, got))) == 1


@pytest.mark.parametrize("name", ["phash", "mobilenet-v3-large"])
def test_encoders_keep_the_protocol(name):
    encoder = registry.load(name)
    assert isinstance(encoder, Encoder)
    assert encoder.spec.name == name
    assert encoder.spec.fingerprint
    assert not encoder.has_text


def test_a_model_is_added_by_one_data_file(models: Path):
    """A model that the package does not know: a card, its sources, and no code."""
    (models / "difr.toml").write_text((Path(__file__).parent / "difr.toml").read_text())
    assert "difr" in registry.names()
    encoder = registry.load("difr")
    vectors = encoder.encode_images([Image.new("RGB", (50, 40), c) for c in ("red", "green")])
    assert vectors.shape == (2, 1280)
    assert vectors.dtype.name == "float32"
    assert encoder.spec.size == 1280


def test_a_users_card_cannot_take_a_name_of_the_package(models: Path):
    (models / "phash.toml").write_text(tiny_onnx.CARD)
    assert registry.card("phash").kind == "hash"


def test_a_users_model_needs_no_source(models: Path):
    (models / "tiny.toml").write_text(tiny_onnx.CARD)
    (models / "tiny").mkdir()
    (models / "tiny" / "tiny.onnx").write_bytes(tiny_onnx.image_tower(1.0))
    assert registry.load("tiny").encode_images([Image.new("RGB", (9, 9), "red")]).tolist() == [
        [1.0, 0.0, 0.0]
    ]


def test_a_users_card_that_is_no_text_is_told(models: Path):
    (models / "odd.toml").write_bytes(b"\xff\xfe")
    assert "odd" in registry.names()
    with pytest.raises(WeightsError, match=r"odd\.toml cannot be read"):
        registry.card("odd")
