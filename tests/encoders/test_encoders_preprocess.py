import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lookalike.encoders import registry
from lookalike.encoders.preprocess import Preprocessor

RULE = registry.card("clip-vit-b-16").image.preprocessing


def picture(width, height, seed=0, low=0, high=256):
    pixels = np.random.default_rng(seed).integers(low, high, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def published(image, short, crop):
    """Torchvision's Resize(short) and CenterCrop(crop)."""
    width, height = image.size
    if width <= height:
        size = short, int(short * height / width)
    else:
        size = int(short * width / height), short
    image = image.resize(size, Image.Resampling.BICUBIC)
    left, top = round((size[0] - crop) / 2.0), round((size[1] - crop) / 2.0)
    return image.crop((left, top, left + crop, top + crop))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 400), st.integers(1, 400), st.sampled_from([224, 256]))
def test_resize_is_the_published_one(width, height, short):
    if max(width, height) > 16 * min(width, height):
        return
    rule = dataclasses.replace(RULE, shorter_side=short)
    image = picture(width, height)
    ours = Preprocessor(rule).resize(image)
    assert ours.tobytes() == published(image, short, 224).tobytes()


def test_a_very_large_picture_comes_out_nearly_the_same():
    coarse = picture(60, 45)
    large = coarse.resize((2400, 1800), Image.Resampling.BICUBIC)
    ours = np.asarray(Preprocessor(RULE).resize(large)).astype(int)
    away = np.abs(ours - np.asarray(published(large, 224, 224)))
    assert away.max() <= 4
    assert away.mean() < 0.5


@pytest.mark.parametrize("resize", ["shorter-side", "stretch"])
def test_black_borders_are_trimmed_where_the_card_says_so(resize):
    inside = picture(120, 100, low=80, high=200)
    framed = Image.new("RGB", (160, 170))
    framed.paste(inside, (20, 40))
    rule = dataclasses.replace(RULE, borders="black", resize=resize)
    np.testing.assert_array_equal(Preprocessor(rule)(framed), Preprocessor(rule)(inside))
    assert not np.array_equal(Preprocessor(RULE)(framed), Preprocessor(RULE)(inside))


@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 1), (3, 9_000)])
def test_a_strip_is_cheap(size):
    assert Preprocessor(RULE)(picture(*size)).shape == (3, 224, 224)


def test_numbers_are_scaled_as_published():
    image = picture(300, 224)
    x = np.asarray(published(image, 224, 224)).astype(np.float64) / 255
    expected = (x - RULE.mean) / RULE.std
    got = Preprocessor(RULE)(image)
    assert got.dtype == np.float32
    assert got.flags.c_contiguous
    np.testing.assert_allclose(got, expected.transpose(2, 0, 1), atol=1e-6)


def test_layout_colour_and_type_are_data():
    image = picture(50, 40)
    rgb = Preprocessor(RULE)(image)
    nhwc = Preprocessor(dataclasses.replace(RULE, layout="NHWC"))(image)
    assert nhwc.flags.c_contiguous
    np.testing.assert_array_equal(nhwc.transpose(2, 0, 1), rgb)
    same = dataclasses.replace(RULE, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    bgr = Preprocessor(dataclasses.replace(same, colour="BGR"))(image)
    np.testing.assert_array_equal(bgr[::-1], Preprocessor(same)(image))
    half = Preprocessor(dataclasses.replace(RULE, dtype="float16"))(image)
    assert half.dtype == np.float16
    pixels = dataclasses.replace(same, scale=1.0, layout="NHWC", dtype="uint8")
    got = Preprocessor(pixels)(image)
    assert got.dtype == np.uint8
    np.testing.assert_array_equal(got, np.asarray(Preprocessor(pixels).resize(image)))


def test_stretch_keeps_the_whole_picture():
    rule = dataclasses.replace(RULE, resize="stretch", interpolation="bilinear")
    image = picture(120, 60)
    expected = image.resize((224, 224), Image.Resampling.BILINEAR)
    assert Preprocessor(rule).resize(image).tobytes() == expected.tobytes()


def test_other_modes_become_rgb():
    grey = picture(60, 50).convert("L")
    np.testing.assert_array_equal(Preprocessor(RULE)(grey), Preprocessor(RULE)(grey.convert("RGB")))
