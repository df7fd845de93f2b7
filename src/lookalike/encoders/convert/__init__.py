"""Published weights of other formats, made into the ONNX files that encoders run."""

from collections.abc import Callable
from pathlib import Path

from lookalike.encoders.convert import int8, resnet50, vgg16

CONVERTERS: dict[str, Callable[[Path], bytes]] = {
    "resnet50": resnet50.convert,
    "resnet50-int8": lambda file: int8.quantised(resnet50.convert(file), int8.ranges("resnet50")),
    "vgg16": vgg16.convert,
    "vgg16-int8": lambda file: int8.quantised(vgg16.convert(file), int8.ranges("vgg16")),
}
"""By the name that a source in a model card gives as `convert`: a file to the bytes of a model."""
