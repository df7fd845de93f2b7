"""Published weights of other formats, made into the ONNX files that encoders run."""

from collections.abc import Callable
from pathlib import Path

from lookalike.encoders.convert import resnet50, vgg16

CONVERTERS: dict[str, Callable[[Path], bytes]] = {
    "resnet50": resnet50.convert,
    "vgg16": vgg16.convert,
}
"""By the name that a source in a model card gives as `convert`: a file to the bytes of a model."""
