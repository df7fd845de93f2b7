import threading

import numpy as np
import pytest
import tiny_onnx
from PIL import Image

from lookalike.encoders.onnx import OnnxEncoder
from lookalike.errors import UsageError, WeightsError, ZeroEmbeddingError

RED, BLUE = Image.new("RGB", (8, 4), "red"), Image.new("RGB", (8, 4), "blue")


def test_encodes_from_the_users_folder(tiny_in_folder):
    encoder = OnnxEncoder(tiny_in_folder)
    assert encoder.encode_images([RED, BLUE]).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert encoder.encode_images([]).shape == (0, 3)
    assert encoder.encode_prepared([encoder.prepare(BLUE)]).tolist() == [[0, 0, 1]]


def test_fingerprint_follows_the_weights(tiny_in_folder, models):
    before = OnnxEncoder(tiny_in_folder).spec
    (models / "tiny" / "image.onnx").write_bytes(tiny_onnx.image_tower(2.0))
    after = OnnxEncoder(tiny_in_folder).spec
    assert before.fingerprint != after.fingerprint
    assert (before.name, before.size, before.kind) == (after.name, 3, "embedding")


def test_many_threads_get_their_own_answers(tiny_in_folder):
    encoder = OnnxEncoder(tiny_in_folder)
    rng = np.random.default_rng(1)
    batches = [[Image.new("RGB", (4, 4), tuple(rng.integers(1, 255, 3)))] * 3 for _ in range(16)]
    expected = [encoder.encode_images(batch) for batch in batches]
    got: dict[int, np.ndarray] = {}

    def work(index):
        for _ in range(20):
            got[index] = encoder.encode_images(batches[index])

    threads = [threading.Thread(target=work, args=(index,)) for index in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, vectors in enumerate(expected):
        np.testing.assert_array_equal(got[index], vectors)


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x08"])
def test_a_file_that_is_no_model(tiny_in_folder, models, content):
    (models / "tiny" / "image.onnx").write_bytes(content)
    with pytest.raises(WeightsError, match=r"image\.onnx cannot be used as a model"):
        OnnxEncoder(tiny_in_folder)


@pytest.mark.parametrize("renamed", [b"embedding", b"pixels"])
def test_a_file_with_other_names_is_told_in_our_words(tiny_in_folder, models, renamed):
    path = models / "tiny" / "image.onnx"
    other = renamed.upper()
    path.write_bytes(tiny_onnx.image_tower(1.0).replace(renamed, other))
    with pytest.raises(WeightsError) as caught:
        OnnxEncoder(tiny_in_folder)
    said = str(caught.value)
    for part in (str(path), "the input pixels", "the value embedding", "lookalike models add"):
        assert part in said
    assert f"{other.decode()} float32" in said
    assert "onnxruntime_src" not in said


def test_a_model_of_another_kind(tiny_in_folder, models):
    path = models / "tiny" / "image.onnx"
    path.write_bytes(tiny_onnx.image_tower(1.0, output="other"))
    with pytest.raises(WeightsError, match="embedding"):
        OnnxEncoder(tiny_in_folder)
    path.write_bytes(tiny_onnx.image_tower(1.0, side=4))
    with pytest.raises(WeightsError, match="does not run"):
        OnnxEncoder(tiny_in_folder)
    path.write_bytes(tiny_onnx.text_tower([1.0]))
    with pytest.raises(WeightsError):
        OnnxEncoder(tiny_in_folder)


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), 0.0])
def test_broken_weights_are_refused(tiny_in_folder, models, factor):
    (models / "tiny" / "image.onnx").write_bytes(tiny_onnx.image_tower(factor))
    with pytest.raises(WeightsError, match="its weights are broken"):
        OnnxEncoder(tiny_in_folder).encode_images([RED])


def test_pictures_in_which_a_model_sees_nothing_are_told(tiny_in_folder, models):
    (models / "tiny" / "image.onnx").write_bytes(tiny_onnx.image_tower(1.0))
    black = Image.new("RGB", (4, 4))
    with pytest.raises(ZeroEmbeddingError, match="that is zero") as caught:
        OnnxEncoder(tiny_in_folder).encode_images([black, RED, black])
    assert caught.value.rows == (0, 2)


def test_size_of_the_card_is_checked(models, tiny_in_folder):
    import dataclasses

    with pytest.raises(WeightsError, match="3 numbers for a picture where tiny has 4"):
        OnnxEncoder(dataclasses.replace(tiny_in_folder, size=4))


def test_no_words_without_a_text_tower_by_design(tiny_in_folder):
    import dataclasses

    encoder = OnnxEncoder(dataclasses.replace(tiny_in_folder, text=None))
    assert not encoder.has_text
    with pytest.raises(UsageError, match="tiny reads no words"):
        encoder.encode_texts(["red"])
