"""Collections of pictures with copies among them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import lookalike
from lookalike.collection import Collection

OLD, NEW = 1_500_000_000 * 10**9, 1_600_000_000 * 10**9


@pytest.fixture(scope="session")
def copied_once(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    """Pictures, and a collection of them beside."""
    root = tmp_path_factory.mktemp("copied")
    folder = root / "pictures"
    (folder / "phone" / "2019").mkdir(parents=True)
    for name in ("raccoon", "otters", "coral", "canyon-wren"):
        shutil.copy(photos / "animals" / f"{name}.jpg", folder)
    shutil.copy(folder / "raccoon.jpg", folder / "phone" / "raccoon (1).jpg")
    with Image.open(folder / "raccoon.jpg") as image:
        small = image.resize((image.width // 2, image.height // 2))
        small.save(folder / "phone" / "2019" / "small.jpg", quality=80)
    shutil.copy(folder / "otters.jpg", folder / "phone" / "otters copy.jpg")
    for path in sorted(folder.rglob("*.jpg")):
        when = NEW if "phone" in path.parts else OLD
        os.utime(path, ns=(when, when))
    return root


@pytest.fixture
def pictures(copied_once: Path, tmp_path: Path) -> Path:
    """The pictures, for one test alone."""
    shutil.copytree(copied_once / "pictures", tmp_path / "pictures")
    return tmp_path / "pictures"


@pytest.fixture
def copied(pictures: Path) -> Iterator[Collection]:
    """A collection of them, by pHash."""
    with lookalike.open(pictures.parent / "c.lookalike", encoder="phash") as collection:
        assert not collection.add(pictures).failed
        yield collection


@pytest.fixture
def id_of(copied: Collection, pictures: Path) -> dict[str, int]:
    """The ids of the pictures by the names of their files."""
    return {Path(record.uri).name: record.id for record in copied.list()}
