"""Words find their pictures: recall of captions with the stand-in tower, on real photographs."""

import csv

import numpy as np
import pytest
from PIL import Image

from lookalike.encoders import registry
from lookalike.evaluation.ranking import rank

EACH = 5
"""One caption in so many is asked: each picture has that many."""
AT_LEAST = {1: 0.82, 5: 0.96, 10: 0.975}
"""All 2,000 captions gave .875, .985 and .993; three standard errors of 400 are below these."""


@pytest.fixture(scope="module")
def ranking(shared):
    """Every fifth caption against the pictures of all."""
    table = shared / "data" / "captions.tsv"
    with table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    files = list(dict.fromkeys(row["file"] for row in rows))
    asked = rows[2::EACH]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOKALIKE_MODELS", str(shared / "models"))
        encoder = registry.load("clip-vit-b-16")
        texts = encoder.encode_texts([row["caption"] for row in asked])
    pictures = encoder.encode_images(
        [Image.open(table.parent / file).convert("RGB") for file in files]
    )
    labels = np.array([files.index(row["file"]) for row in asked])
    return rank(texts, pictures, labels, np.arange(len(files)))


@pytest.mark.parametrize("k", sorted(AT_LEAST))
def test_recall(ranking, k):
    recall = ranking.hit[k].mean()
    print(f"R@{k} {recall:.3f} of {len(ranking.hit[k])} captions")
    assert recall >= AT_LEAST[k]
