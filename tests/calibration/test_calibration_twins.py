"""A collection's own duplicates that only a proof shows."""

from pathlib import Path

import pytest
from PIL import Image

from lookalike.calibration.twins import OwnTwins
from lookalike.collection import Collection
from lookalike.stores.local import LocalStore

pytest.importorskip("cv2")


def test_a_crop_is_a_twin_and_another_picture_is_not(store: LocalStore, pictures: Path) -> None:
    with Image.open(pictures / "raccoon.jpg") as image:
        width, height = image.size
        image.crop((width // 3, height // 3, width, height)).save(pictures / "crop.jpg")
    collection = Collection(store, pictures, ["phash"])
    collection.add(pictures)
    whole, crop, coral = (
        collection.find(pictures / name) for name in ("raccoon.jpg", "crop.jpg", "coral.jpg")
    )
    assert whole is not None
    assert crop is not None
    assert coral is not None
    own = OwnTwins(store)
    assert own.why(whole, crop).endswith("of one is in the other")
    assert own.why(crop, coral) == ""
    (pictures / "crop.jpg").unlink()
    assert own.why(crop, whole).endswith("of one is in the other"), "known by now"
    assert OwnTwins(store).why(crop, whole) == "", "nothing can be proved without the file"
