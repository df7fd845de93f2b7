"""The projections that come with the package are usable, small, and make look-alikes no worse."""

from importlib import resources

import numpy as np
import pytest
from PIL import Image

from lookalike.encoders import registry
from lookalike.encoders.shipped import shipped_projection

WITH_PROJECTION = [name for name in registry.names() if registry.card(name).projection]


def test_there_are_projections_and_no_file_without_a_card():
    files = {each.name for each in resources.files("lookalike.models.projections").iterdir()}
    named = {registry.card(name).projection.file for name in WITH_PROJECTION}
    assert named == {file for file in files if file.endswith(".npz")}
    assert {"clip-vit-b-16", "dinov2-vits14"} <= set(WITH_PROJECTION)


@pytest.mark.parametrize("name", WITH_PROJECTION)
def test_a_shipped_projection_fits_its_encoder_and_makes_vectors_shorter(name):
    card, projection = registry.card(name), shipped_projection(name)
    assert projection.mean.shape == (card.size,)
    assert projection.size < card.size
    assert projection.version == f"{name} {card.projection.version}"
    # Texts lie far from the pictures' mean, and are left where they are.
    assert (card.text is None) == (projection.mean_text is None)
    rows = np.random.default_rng(0).normal(size=(5, card.size))
    projected = projection.project(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    np.testing.assert_allclose(np.linalg.norm(projected, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", WITH_PROJECTION)
def test_a_shipped_projection_finds_more_of_the_same_kind(shared, name):
    """Few pictures, so the bounds are loose; benchmarks/projections.py measures all of them."""
    files = sorted((shared / "data" / "labelled").glob("*/00[1-3].jpg"))
    labels = np.array([file.parent.name for file in files])
    pictures = [Image.open(file).convert("RGB") for file in files]
    raw = registry.load(name).encode_images(pictures)
    projected = shipped_projection(name).project(raw)
    assert mean_average_precision(projected, labels) > mean_average_precision(raw, labels) - 0.01


def mean_average_precision(vectors, labels):
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    order = np.argsort(-scores, axis=1)[:, :-1]
    relevant = labels[order] == labels[:, None]
    precision = relevant.cumsum(1) / np.arange(1, relevant.shape[1] + 1)
    return float(((precision * relevant).sum(1) / relevant.sum(1)).mean())
