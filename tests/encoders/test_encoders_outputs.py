"""Embeddings of real pictures never drift: references.npz was made without lookalike."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from lookalike.encoders import registry

REFERENCES = np.load(Path(__file__).parent / "references.npz")
# int8 kernels round differently from one processor to the next.
COSINE = {
    "clip-vit-b-16": 0.99,
    "dinov2-vits14": 0.9999,
    "efficientnet-b0": 0.9999,
    "mobilenet-v3-large": 0.9999,
    "resnet50": 0.9999,
    "sscd-disc-mixup": 0.99,
    "sscd-distilled": 0.9999,
    "vgg16-avg": 0.9999,
    "vgg16-max": 0.9999,
}


@pytest.mark.parametrize("name", sorted(COSINE))
def test_embeddings_are_the_references(name, photos):
    encoder = registry.load(name)
    pictures = [Image.open(photos / file).convert("RGB") for file in REFERENCES["pictures"]]
    vectors = encoder.encode_images(pictures)
    expected = REFERENCES[name].astype(np.float32)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (vectors * expected).sum(axis=1).min() >= COSINE[name]
    # Told apart as well: each is nearest to its own reference.
    assert (vectors @ expected.T).argmax(axis=1).tolist() == list(range(len(pictures)))


@pytest.mark.parametrize("name", sorted(COSINE))
def test_company_changes_nothing(name, photos):
    encoder = registry.load(name)
    pictures = [Image.open(photos / file).convert("RGB") for file in REFERENCES["pictures"]]
    together = encoder.encode_images(pictures)
    alone = [encoder.encode_images([picture])[0] for picture in pictures]
    np.testing.assert_allclose(together, np.stack(alone), atol=1e-6)


@pytest.mark.parametrize("name", ["vgg16-max", "vgg16-avg"])
def test_black_borders_are_not_seen_by_vgg16(name, photos):
    encoder = registry.load(name)
    picture = Image.open(photos / REFERENCES["pictures"][0]).convert("RGB")
    framed = ImageOps.expand(picture, border=(40, 90), fill="black")
    plain, bordered = encoder.encode_images([picture, framed])
    assert plain @ bordered > 0.999
