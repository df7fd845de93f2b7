import dataclasses
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from lookalike.encoders import registry
from lookalike.encoders.onnx import OnnxEncoder
from lookalike.encoders.runtimes import choose, cuda, devices, openvino
from lookalike.encoders.runtimes.base import Model
from lookalike.encoders.runtimes.openvino import OpenVino, capabilities
from lookalike.encoders.session import CUDA, Session
from lookalike.errors import EnvironmentFailure, UsageError, WeightsError

PICTURES = [Image.new("RGB", (6, 4), colour) for colour in ("red", "blue", "teal", "white", "tan")]
SHIPPED = [n for n in registry.names() if (t := registry.card(n).image) and t.runtime.openvino]


def rule(card, precision):
    """The card, with OpenVINO said to win for it in that arithmetic."""
    runtime = dataclasses.replace(card.image.runtime, openvino=precision)
    return dataclasses.replace(card, image=dataclasses.replace(card.image, runtime=runtime))


@pytest.fixture
def free_choice(monkeypatch):
    monkeypatch.delenv(choose.VARIABLE)
    return monkeypatch


@pytest.fixture
def gpu(free_choice):
    """A GPU as far as listings go; sessions that say they run on it compute on the processor."""

    class Pretended(Session):
        def __init__(self, path, output, *, threads, cuda):
            assert cuda
            super().__init__(path, output, threads=threads)
            self.providers = [CUDA, "CPUExecutionProvider"]

    free_choice.setattr(onnxruntime, "get_available_providers", lambda: [CUDA])
    free_choice.setattr(devices, "free_bytes", lambda: 8 << 30)
    free_choice.setattr(cuda, "Session", Pretended)
    return free_choice


def test_without_anything_else_it_is_onnx_runtime(free_choice, tiny_in_folder):
    assert OnnxEncoder(tiny_in_folder).runtime == "onnxruntime"


def test_a_runtime_that_does_not_exist(monkeypatch, tiny_in_folder):
    monkeypatch.setenv(choose.VARIABLE, "tpu")
    encoder = OnnxEncoder(tiny_in_folder)
    with pytest.raises(UsageError, match="tpu is none of onnxruntime, cuda, openvino"):
        encoder.encode_images(PICTURES)


def test_asked_for_what_is_not_installed(monkeypatch, tiny_in_folder):
    monkeypatch.setenv(choose.VARIABLE, "openvino")
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(EnvironmentFailure, match=r"pip install 'lookalike\[openvino\]'"):
        OnnxEncoder(tiny_in_folder).encode_images(PICTURES)


@pytest.mark.parametrize(
    ("providers", "distributions", "free", "why"),
    [
        ([], [], 1, r"pip install 'lookalike\[gpu\]'"),
        ([], ["onnxruntime-gpu"], 1, "pip install --force-reinstall --no-deps onnxruntime-gpu"),
        ([CUDA], ["onnxruntime-gpu"], None, "no NVIDIA GPU can be used"),
    ],
)
def test_asked_for_a_gpu_that_cannot_be_used(
    monkeypatch, tiny_in_folder, providers, distributions, free, why
):
    monkeypatch.setenv(choose.VARIABLE, "cuda")
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: providers)
    monkeypatch.setattr(cuda, "_installed", lambda name: name in distributions)
    monkeypatch.setattr(devices, "free_bytes", lambda: free)
    encoder = OnnxEncoder(tiny_in_folder)
    with pytest.raises(EnvironmentFailure, match=why):
        encoder.encode_images(PICTURES)
    # Not asked for, it is no error.
    monkeypatch.delenv(choose.VARIABLE)
    assert encoder.runtime == "onnxruntime"


def test_a_gpu_is_chosen_and_runs_pictures_together(gpu, tiny_in_folder):
    encoder = OnnxEncoder(tiny_in_folder)
    expected = np.concatenate([encoder.encode_images([picture]) for picture in PICTURES])
    assert encoder.runtime == "cuda"
    np.testing.assert_array_equal(encoder.encode_images(PICTURES), expected)
    gpu.setenv(choose.VARIABLE, "onnxruntime")
    assert OnnxEncoder(tiny_in_folder).runtime == "onnxruntime"


def test_few_pictures_open_no_other_runtime(gpu, tiny_in_folder):
    opened = []

    class Noted(cuda.Cuda):
        def __init__(self, model):
            opened.append(model)
            super().__init__(model)

    gpu.setattr(choose, "_OTHERS", (("cuda", cuda.missing, Noted),))
    encoder = OnnxEncoder(tiny_in_folder)
    expected = np.concatenate([encoder.encode_images([picture]) for picture in PICTURES])
    for _ in range(6):
        np.testing.assert_array_equal(encoder.encode_images(PICTURES), expected)
    assert not opened
    np.testing.assert_array_equal(encoder.encode_images(PICTURES), expected)
    assert len(opened) == 1
    encoder.encode_images(PICTURES)
    assert len(opened) == 1


def test_many_pictures_at_once_choose_at_once(gpu, tiny_in_folder):
    encoder = OnnxEncoder(tiny_in_folder)
    encoder.encode_images(PICTURES * 7)
    assert encoder._together.name == "cuda"


def test_a_gpu_that_gives_other_embeddings_is_not_used(gpu, tiny_in_folder):
    class Wrong(cuda.Cuda):
        def run(self, pictures):
            return super().run(pictures) + 40

    gpu.setattr(choose, "_OTHERS", (("cuda", cuda.missing, Wrong),))
    assert OnnxEncoder(tiny_in_folder).runtime == "onnxruntime"


def test_a_gpu_whose_libraries_are_missing_is_not_used(gpu, tiny_in_folder, capfd):
    gpu.setattr(
        cuda, "Session", lambda path, output, threads, cuda: Session(path, output, threads=threads)
    )
    assert OnnxEncoder(tiny_in_folder).runtime == "onnxruntime"
    assert capfd.readouterr() == ("", "")


def test_openvino_only_where_the_card_says_so(free_choice, tiny_in_folder):
    pytest.importorskip("openvino")
    free_choice.setenv(choose.VARIABLE, "openvino")
    assert OnnxEncoder(tiny_in_folder).runtime == "onnxruntime"
    encoder = OnnxEncoder(rule(tiny_in_folder, "f32"))
    assert encoder.runtime == "openvino"
    expected = np.concatenate([encoder.encode_images([picture]) for picture in PICTURES])
    np.testing.assert_allclose(encoder.encode_images(PICTURES), expected, atol=1e-6)


@pytest.mark.parametrize("error", [ImportError("no libtbb"), RuntimeError("no plugin")])
def test_a_broken_openvino_is_not_used(free_choice, tiny_in_folder, error):
    pytest.importorskip("openvino")

    def fail(*ignored):
        raise error

    for precision, broken in (("bf16", "capabilities"), ("f32", "_compile")):
        free_choice.setattr(openvino, broken, fail)
        assert OnnxEncoder(rule(tiny_in_folder, precision)).runtime == "onnxruntime"


def test_models_bring_their_first_arrays_by_turns(tiny_in_folder, models, monkeypatch):
    pytest.importorskip("openvino")
    inside, most = [], []
    infer = OpenVino._infer

    def watched(self, pixels):
        inside.append(self)
        most.append(len(inside))
        time.sleep(0.05)
        try:
            return infer(self, pixels)
        finally:
            inside.remove(self)

    monkeypatch.setattr(OpenVino, "_infer", watched)
    model = Model(models / "tiny" / "image.onnx", rule(tiny_in_folder, "f32").image, 2)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(OpenVino, [model] * 4, timeout=60))
    assert most == [1] * 4


def test_openvino_says_what_it_cannot_do(tiny_in_folder, models):
    pytest.importorskip("openvino")
    card = rule(tiny_in_folder, "f32")
    model = Model(models / "tiny" / "image.onnx", card.image, 2)
    with pytest.raises(WeightsError, match="does not run on OpenVINO"):
        OpenVino(model).run([np.zeros((3, 5, 5), np.float32)])
    model.path.write_bytes(b"no model")
    with pytest.raises(WeightsError, match="OpenVINO cannot use"):
        OpenVino(model)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_cards_name_only_what_agrees(name, photos, free_choice):
    pytest.importorskip("openvino")
    precision = registry.card(name).image.runtime.openvino
    if precision == "bf16" and "BF16" not in capabilities():
        pytest.skip("this processor has no bfloat16")
    encoder = OnnxEncoder(registry.card(name))
    files = sorted(photos.rglob("*.jpg"))[::20]
    prepared = [encoder.prepare(Image.open(file).convert("RGB")) for file in files]
    assert encoder.runtime == "openvino"
    together = encoder.encode_prepared(prepared)
    alone = np.concatenate([encoder.encode_prepared([each]) for each in prepared])
    least = 0.999 if precision == "bf16" else 0.99999
    assert (together * alone).sum(axis=1).min() >= least


def test_bfloat16_that_moves_embeddings_is_refused(free_choice):
    pytest.importorskip("openvino")
    if "BF16" not in capabilities():
        pytest.skip("this processor has no bfloat16")
    card = rule(registry.card("mobilenet-v3-large"), "bf16")
    assert OnnxEncoder(card).runtime == "onnxruntime"
