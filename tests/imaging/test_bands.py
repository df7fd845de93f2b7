"""Pixels in parts: the same ones, and never a second copy of a large picture."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from lookalike.imaging import bands, pixels_digest, trim_borders, trimmed


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 300))
def test_the_parts_are_the_picture(width: int, height: int, together: int) -> None:
    pixels = np.random.default_rng(width * height).integers(0, 256, (height, width, 3), np.uint8)
    image = Image.fromarray(pixels)
    whole = pixels_digest(image)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bands, "PIXELS", together)
        assert b"".join(bands.bands(image)) == pixels.tobytes()
        assert np.array_equal(bands.array_of(image), pixels)
        assert pixels_digest(image) == whole


@pytest.mark.parametrize(
    ("work", "bytes_a_pixel"), [(pixels_digest, 0), (trimmed, 3), (trim_borders, 3)]
)
def test_a_large_picture_is_not_held_again(
    work: Callable[[Image.Image], object], bytes_a_pixel: int
) -> None:
    # Black but for a corner, so that all of it is looked at.
    image = ImageOps.expand(Image.new("RGB", (40, 40), "white"), (0, 0, 3960, 2960), "black")
    tracemalloc.start()
    try:
        work(image)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < bytes_a_pixel * 4000 * 3000 + (12 << 20)
