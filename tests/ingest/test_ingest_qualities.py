"""The quality of a picture's hash comes with it into the collection, and goes with it."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

import lookalike


@pytest.fixture
def folder(tmp_path: Path, photos: Path) -> Path:
    path = tmp_path / "pictures"
    path.mkdir()
    for picture in sorted((photos / "animals").glob("*.jpg"))[:3]:
        shutil.copy(picture, path)
    Image.new("RGB", (300, 200), "grey").save(path / "plain.png")
    return path


def qualities(collection: lookalike.Collection) -> dict[str, int | None]:
    return {
        Path(record.uri).name: collection.qualities_of(record.id).get("pdq")
        for record in collection.list()
    }


def test_qualities_are_kept_copied_and_made_anew(folder: Path, tmp_path: Path) -> None:
    with lookalike.open(tmp_path / "c", encoder="pdq,phash") as collection:
        collection.add(folder)
        found = qualities(collection)
        busy = [quality for name, quality in found.items() if name != "plain.png"]
        assert all(quality is not None and quality >= 50 for quality in busy)
        assert found["plain.png"] == 0
        one = sorted(found)[0]
        shutil.copy(folder / one, folder / "twin.jpg")
        collection.add(folder)
        assert qualities(collection)["twin.jpg"] == found[one]
        shutil.copy(folder / "plain.png", folder / "twin.jpg")
        collection.add(folder)
        assert qualities(collection)["twin.jpg"] == 0
        assert set(collection.qualities_of(1)) == {"pdq"}
        hits = collection.search(folder / one, encoder="pdq", limit=2)
        assert (Path(hits[0].uri).name, hits[0].distance) == (one, 0)


def test_an_encoder_that_joins_brings_them(folder: Path, tmp_path: Path) -> None:
    with lookalike.open(tmp_path / "c", encoder="phash") as collection:
        collection.add(folder)
        assert set(qualities(collection).values()) == {None}
        collection.add_encoder("pdq")
        assert qualities(collection)["plain.png"] == 0
        assert None not in qualities(collection).values()
