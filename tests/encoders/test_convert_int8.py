import numpy as np
import onnxruntime
import pytest
from PIL import Image

from lookalike.encoders import registry
from lookalike.encoders.convert import int8, onnx_file, wire

RNG = np.random.default_rng(3)


def array(*shape):
    return RNG.normal(size=shape).astype(np.float32)


@pytest.fixture(scope="module")
def network():
    """A small network with every operator that the int8 form knows."""
    one, value = onnx_file.conv("one", "pixels", array(3, 3, 3, 8), array(8), pad=1)
    two, other = onnx_file.conv("two", "pool", array(1, 1, 8, 8), array(8))
    parts = [
        *one,
        onnx_file.node("Relu", [value], "relu"),
        onnx_file.node("MaxPool", ["relu"], "pool", kernel_shape=(2, 2), strides=(2, 2)),
        *two,
        onnx_file.node("Add", [other, "pool"], "sum"),
        onnx_file.node("GlobalAveragePool", ["sum"], "mean"),
        onnx_file.node("Flatten", ["mean"], "out", axis=1),
    ]
    return onnx_file.model(parts, ("pixels", (3, 8, 8)), ("out", (8,)))


def run(model, pixels):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(["out"], {"pixels": pixels})[0]


RANGES = {"pixels": (-5, 5), "relu": (0, 40), "two": (-80, 80), "sum": (-80, 90)}


def test_what_was_written_is_read_back(network):
    graph = wire.graph(network)
    kinds = [node.kind for node in graph.nodes]
    assert kinds == ["Conv", "Relu", "MaxPool", "Conv", "Add", "GlobalAveragePool", "Flatten"]
    assert graph.nodes[0].attributes == {
        "kernel_shape": (3, 3),
        "strides": (1, 1),
        "pads": (1, 1, 1, 1),
    }
    assert graph.nodes[-1].attributes == {"axis": 1}
    assert graph.tensors["one/kernel"].shape == (8, 3, 3, 3)
    assert (graph.given, graph.output) == (("pixels", (3, 8, 8)), ("out", (8,)))


def test_int8_is_near_and_knows_no_batch(network):
    small = int8.quantised(network, RANGES)
    pixels = array(16, 3, 8, 8)
    exact, rounded = run(network, pixels), run(small, pixels)
    cosine = (
        (exact * rounded).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(rounded, axis=1)
    )
    assert cosine.min() > 0.99
    assert not np.array_equal(exact, rounded)
    alone = np.concatenate([run(small, pixels[i : i + 1]) for i in range(16)])
    np.testing.assert_allclose(alone, rounded, atol=1e-5)
    assert int8.quantised(network, RANGES) == small


def test_ranges_of_another_network(network):
    with pytest.raises(KeyError, match="relu"):
        int8.quantised(network, {"pixels": (-5, 5)})


@pytest.mark.parametrize("name", ["resnet50", "vgg16-avg", "vgg16-max"])
def test_shipped_int8_forms_agree_with_the_float_ones(name, photos):
    files = sorted(photos.rglob("*.jpg"))[5::25]
    pictures = [Image.open(file).convert("RGB") for file in files]
    exact = registry.load(name).encode_images(pictures)
    rounded = registry.load(f"{name}-int8").encode_images(pictures)
    assert (exact * rounded).sum(axis=1).min() > 0.98
    assert (rounded @ exact.T).argmax(axis=1).tolist() == list(range(len(files)))
