"""A collection's own duplicates that only a proof shows."""

from pathlib import Path

import pytest
from drawn import invoice
from PIL import Image

from lookalike.calibration.twins import OwnTwins, Told
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
    assert own.told(whole, crop).same
    assert own.told(whole, crop).why.endswith("of one is in the other")
    assert own.told(crop, coral) == Told(False)
    (pictures / "crop.jpg").unlink()
    assert own.told(crop, whole).same, "known by now"
    assert OwnTwins(store).told(crop, whole) == Told(None, "a file cannot be read")


def test_other_pages_are_no_twins_whatever_their_letters_prove(
    store: LocalStore, pictures: Path
) -> None:
    for number in range(2):
        invoice(number).save(pictures / f"{number}.png")
    collection = Collection(store, pictures, ["phash"])
    collection.add(pictures)
    one, other = (collection.find(pictures / f"{number}.png") for number in range(2))
    assert one is not None
    assert other is not None
    assert OwnTwins(store).told(one, other) == Told(False)
