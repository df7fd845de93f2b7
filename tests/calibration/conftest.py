"""A small collection with files of its own, and a cache folder for kept answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import lookalike
from lookalike.collection import Collection
from lookalike.stores.local import LocalStore

NAMES = (
    "animals/raccoon.jpg",
    "animals/coral.jpg",
    "flowers/white-lilies.jpg",
    "nature/flower-meadow.jpg",
    "spaceflight/skylab-over-earth.jpg",
)


@pytest.fixture(autouse=True)
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where answers are kept; weights stay where they are."""
    monkeypatch.setattr("lookalike.calibration.kept.root", lambda: tmp_path / "cache")
    return tmp_path / "cache" / "calibration"


@pytest.fixture
def pictures(tmp_path: Path, photos: Path) -> Path:
    """Five photographs, made small."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in NAMES:
        with Image.open(photos / name) as image:
            image.thumbnail((320, 320))
            image.save(folder / Path(name).name, quality=92)
    return folder


@pytest.fixture
def store(tmp_path: Path, pictures: Path) -> Iterator[LocalStore]:
    """A collection of them by pHash."""
    path = tmp_path / "c.lookalike"
    with lookalike.open(path, encoder="phash") as collection:
        assert not collection.add(pictures).failed
    opened = LocalStore.open(path)
    yield opened
    opened.close()


@pytest.fixture
def collection(tmp_path: Path, store: LocalStore) -> Collection:
    """The same, as a user has it."""
    return Collection(store, tmp_path / "c.lookalike")
