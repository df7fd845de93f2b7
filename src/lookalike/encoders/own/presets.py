"""Preprocessing by name: what most published models were trained with.

Each is the part of a `Preprocessing` that does not follow from the model's graph; `shorter_side`
is the resize in proportion to the crop.
"""

from typing import Any

_ONE = 1 / 255

PRESETS: dict[str, dict[str, Any]] = {
    # torchvision's evaluation rule: the middle 87.5 %, ImageNet's mean and deviation.
    "imagenet": {
        "resize": "shorter-side",
        "shorter_side": 256 / 224,
        "interpolation": "bilinear",
        "scale": _ONE,
        "mean": (0.485, 0.456, 0.406),
        "std": (0.229, 0.224, 0.225),
    },
    # Radford et al. 2021; OpenCLIP's models mostly keep it.
    "clip": {
        "resize": "shorter-side",
        "shorter_side": 1.0,
        "interpolation": "bicubic",
        "scale": _ONE,
        "mean": (0.48145466, 0.4578275, 0.40821073),
        "std": (0.26862954, 0.26130258, 0.27577711),
    },
    # Zhai et al. 2023: the whole picture stretched, values −1..1.
    "siglip": {
        "resize": "stretch",
        "shorter_side": 1.0,
        "interpolation": "bicubic",
        "scale": _ONE,
        "mean": (0.5, 0.5, 0.5),
        "std": (0.5, 0.5, 0.5),
    },
    "raw-0-1": {
        "resize": "shorter-side",
        "shorter_side": 256 / 224,
        "interpolation": "bilinear",
        "scale": _ONE,
        "mean": (0.0, 0.0, 0.0),
        "std": (1.0, 1.0, 1.0),
    },
    # Models with their own scaling inside, as Keras exports and those of uint8 input are.
    "raw-0-255": {
        "resize": "shorter-side",
        "shorter_side": 256 / 224,
        "interpolation": "bilinear",
        "scale": 1.0,
        "mean": (0.0, 0.0, 0.0),
        "std": (1.0, 1.0, 1.0),
    },
}
