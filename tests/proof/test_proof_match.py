"""Whether two pictures show the same photograph."""

from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("cv2")

from lookalike import proof


def photo(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


def test_a_crop_is_found_where_it_was_cut(photos: Path) -> None:
    whole = photo(photos / "animals" / "raccoon.jpg")
    box = (whole.width // 4, whole.height // 4, whole.width * 3 // 4, whole.height * 3 // 4)
    found = proof.match(
        proof.extract(whole.crop(box), max_side=proof.QUERY_SIDE), proof.extract(whole)
    )
    assert found is not None
    assert found.score > 0.99
    assert found.query_share == pytest.approx(1, abs=0.02)
    assert found.record_share == pytest.approx(0.25, abs=0.02)
    assert found.record_region[0] == pytest.approx((0.25, 0.25), abs=0.02)
    assert not found.mirrored
    assert not found.inverted
