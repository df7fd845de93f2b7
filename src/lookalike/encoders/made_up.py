"""Pictures that need no file, for trying models on."""

import numpy as np
from PIL import Image

_SIDE = 256


def pictures() -> list[Image.Image]:
    """Colours, gradients and noise, the same ones always: RGB, 256 × 256."""
    ramp = Image.linear_gradient("L").resize((_SIDE, _SIDE))
    ring = Image.radial_gradient("L").resize((_SIDE, _SIDE))
    blank = Image.new("L", (_SIDE, _SIDE), 40)
    noise = np.random.default_rng(0).integers(0, 256, (_SIDE, _SIDE, 3), dtype=np.uint8)
    return [
        Image.merge("RGB", [ramp, blank, blank]),
        Image.merge("RGB", [blank, blank, ramp.rotate(90)]),
        Image.merge("RGB", [ring, ring, ring]),
        Image.fromarray(noise),
    ]
