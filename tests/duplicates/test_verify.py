"""Pairs that embeddings leave in doubt: proved by their pictures, or left out."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.duplicates import find, verify
from lookalike.errors import MissingExtraError
from lookalike.records import EncoderSpec, Verdict
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore


@pytest.fixture
def store(tmp_path: Path, photos: Path) -> Iterator[LocalStore]:
    """A photograph, a part of it, another photograph, a file that is gone: all a little alike."""
    with Image.open(photos / "animals" / "raccoon.jpg") as image:
        picture = image.convert("RGB")
    width, height = picture.size
    picture.crop((width // 5, height // 6, width, height)).save(tmp_path / "part.jpg", quality=90)
    paths = [
        photos / "animals" / "raccoon.jpg",
        tmp_path / "part.jpg",
        photos / "animals" / "otters.jpg",
        tmp_path / "gone.jpg",
    ]
    with LocalStore.open(tmp_path / "c") as opened:
        opened.add_encoder(EncoderSpec("sscd-distilled", "embedding", 512))
        for place, path in enumerate(paths):
            vector = np.zeros(512, np.float32)
            vector[0] = cosine = 1.0 if place == 0 else 0.85
            vector[1 + place] = np.sqrt(1 - cosine**2)
            sides = {"width": 512 - place, "height": 288}
            opened.upsert([Entry(str(path), vectors={"sscd-distilled": vector}, **sides)])
        yield opened


def test_only_pairs_whose_pictures_agree_are_copies(store: LocalStore) -> None:
    pytest.importorskip("cv2")
    assert not find(store)
    told = []
    found = find(store, verify_doubtful=True, progress=lambda *one: told.append(one))
    (group,) = found
    assert group.ids == (1, 2)
    assert group.others[0].verdict is Verdict.COPY
    assert "of the picture matches" in group.others[0].reason
    pairs = [one for one in told if one[0] == "compare pictures"]
    assert pairs[-1][1] == pairs[-1][2] > 0


def test_a_verification_without_opencv_says_what_to_install(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise MissingExtraError("pip install 'lookalike[proof]'")

    monkeypatch.setattr(verify, "opencv", missing)
    with pytest.raises(MissingExtraError, match="proof"):
        find(store, verify_doubtful=True)
