"""A collection whose copies can be looked for, and pictures to look for them with."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

import lookalike
from lookalike import imaging
from lookalike.collection import Collection
from lookalike.evaluation.edits import edited

FOLDERS = ("animals", "buildings", "flowers", "paintings", "spaceflight")
ORIGINAL = "buildings/building-exterior.jpg"


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    """A folder of some example photographs."""
    folder = tmp_path_factory.mktemp("originals") / "photos"
    for name in FOLDERS:
        shutil.copytree(photos / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def copies_once(tmp_path_factory: pytest.TempPathFactory, originals: Path) -> Path:
    """A collection of them with a copy descriptor and two hashes; only to be read."""
    path = tmp_path_factory.mktemp("copies") / "copies.lookalike"
    with lookalike.open(path, encoder="sscd-distilled,phash,pdq") as collection:
        assert not collection.add(originals).failed
    return path


@pytest.fixture(scope="session")
def _opened(copies_once: Path) -> Iterator[Collection]:
    with lookalike.open(copies_once) as collection:
        yield collection


@pytest.fixture
def collection(_opened: Collection) -> Collection:
    """That collection, open; no test may change it."""
    return _opened


@pytest.fixture
def own(tmp_path: Path, originals: Path) -> Iterator[Collection]:
    """A collection of the animals, which a test may change, with its own files."""
    shutil.copytree(originals / "animals", tmp_path / "animals")
    with lookalike.open(tmp_path / "own.lookalike", encoder="sscd-distilled,phash") as collection:
        assert not collection.add(tmp_path / "animals").failed
        yield collection


@pytest.fixture(scope="session")
def original(originals: Path) -> Path:
    """The photograph whose edits the tests ask for."""
    return originals / ORIGINAL


@pytest.fixture(scope="session")
def edit(original: Path, photos: Path) -> Callable[[str], bytes]:
    """Edit it: a JPEG file's bytes by an edit's name. What is mixed in is in no collection."""
    others = [_decoded(path) for path in sorted((photos / "nature").glob("*.jpg"))[:4]]

    def make(name: str) -> bytes:
        return edited(_decoded(original), name, 1, others)

    return make


def _decoded(path: Path) -> Image.Image:
    return imaging.decode(path.read_bytes()).image
