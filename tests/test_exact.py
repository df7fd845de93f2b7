"""Whether records hold the same pixels, read when it is asked."""

import os
import shutil
import threading
from pathlib import Path

import pytest
from PIL import Image

import lookalike
from lookalike.errors import StoreError
from lookalike.exact import pixels_of
from lookalike.imaging import decode, pixels_digest
from lookalike.records import Record
from lookalike.stores.local import LocalStore


@pytest.fixture
def large(tmp_path: Path, photos: Path) -> Path:
    """A picture that is decoded at reduced scale for its hash."""
    path = tmp_path / "large.jpg"
    with Image.open(sorted((photos / "animals").glob("*.jpg"))[0]) as image:
        image.resize((4800, 3600)).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path, large: Path) -> Path:
    path = tmp_path / "c"
    with lookalike.open(path, encoder="phash") as collection:
        collection.add(large)
    return path


def only(store: LocalStore) -> Record:
    return next(store.scan())


def test_pixels_are_digested_when_they_are_asked_for_and_kept(folder: Path, large: Path) -> None:
    expected = pixels_digest(decode(large.read_bytes()).image)
    with LocalStore.open(folder, read_only=True) as store:
        assert only(store).pixels is None
        assert pixels_of(store, only(store)) == expected
        assert only(store).pixels is None
    with LocalStore.open(folder) as store:
        assert pixels_of(store, only(store)) == expected
        assert only(store).pixels == expected
        large.unlink()
        assert pixels_of(store, only(store)) == expected


def test_that_they_cannot_be_kept_is_no_failure(
    folder: Path, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = pixels_digest(decode(large.read_bytes()).image)
    with LocalStore.open(folder) as store:
        # Another thread writes for long, as when an index is built.
        held, over = threading.Event(), threading.Event()

        def hold() -> None:
            with store._catalogue.lock:
                held.set()
                over.wait(30)

        thread = threading.Thread(target=hold)
        thread.start()
        assert held.wait(30)
        assert pixels_of(store, only(store)) == expected
        over.set()
        thread.join()
        assert only(store).pixels is None

        def full(_: object) -> None:
            raise StoreError("the disk is full")

        monkeypatch.setattr(store, "set_pixels", full)
        assert pixels_of(store, only(store)) == expected
        # A file that would never end is not waited for.
        large.unlink()
        os.mkfifo(large)
        assert pixels_of(store, only(store)) is None


def test_a_file_that_is_gone_changed_or_broken_has_none(folder: Path, large: Path) -> None:
    with LocalStore.open(folder) as store:
        record = only(store)
        data = large.read_bytes()
        large.write_bytes(data + b"more")
        assert pixels_of(store, record) is None
        large.unlink()
        assert pixels_of(store, record) is None
        assert only(store).pixels is None
        large.write_bytes(data[:5000])
        assert pixels_of(store, record) is None


def test_what_was_whole_anyway_is_digested_while_indexing(tmp_path: Path, photos: Path) -> None:
    path = tmp_path / "p.png"
    with Image.open(sorted((photos / "animals").glob("*.jpg"))[0]) as image:
        image.save(path)
    shutil.copy(path, tmp_path / "twin.png")
    with lookalike.open(tmp_path / "c", encoder="phash") as collection:
        collection.add([path, tmp_path / "twin.png"])
        expected = pixels_digest(decode(path.read_bytes()).image)
        assert [record.pixels for record in collection.list()] == [expected] * 2
        # Other bytes, of which the pixels are not known: the old ones are no more.
        with Image.open(path) as image:
            image.resize((4800, 3600)).save(path, "JPEG")
        collection.add(path)
        record = collection.find(path)
        assert record is not None
        assert record.pixels is None


def test_names_of_pictures_in_memory_lead_to_no_file(tmp_path: Path, large: Path) -> None:
    with lookalike.open(tmp_path / "c", encoder="phash") as collection:
        collection.add(large.read_bytes(), uri="https://example.org/a.jpg")
        collection.add(large.read_bytes(), uri="a name")
    with LocalStore.open(tmp_path / "c") as store:
        assert [pixels_of(store, record) for record in store.scan()] == [None, None]
