"""New pictures that are duplicates of others are kept, left out or linked."""

import shutil
import threading
from pathlib import Path

import pytest
from PIL import Image, ImageOps

import lookalike
from lookalike.collection import Collection
from lookalike.encoders import registry
from lookalike.errors import UsageError
from lookalike.ingest import crew, ingest_items
from lookalike.ingest.report import IngestReport
from lookalike.sources.base import Item
from lookalike.stores.local import LocalStore


@pytest.fixture
def animals(photos: Path) -> list[Path]:
    return sorted((photos / "animals").glob("*.jpg"))


@pytest.fixture
def folder(tmp_path: Path, animals: list[Path]) -> Path:
    """Two photographs, and four duplicates of the first whose names come after it."""
    path = tmp_path / "pictures"
    path.mkdir()
    shutil.copy(animals[0], path / "a.jpg")
    shutil.copy(animals[0], path / "bytes.jpg")
    shutil.copy(animals[1], path / "c.jpg")
    with Image.open(animals[0]) as image:
        image.save(path / "lossless.png")
        image.resize((image.width // 2, image.height // 2)).save(path / "smaller.jpg", quality=60)
        ImageOps.expand(image, image.height // 6, "white").save(path / "white.jpg")
    return path


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    return lookalike.open(tmp_path / "collection", encoder="phash")


def listed(report: IngestReport) -> dict[str, tuple[str, str]]:
    """Of each duplicate by name: the name of its original, and the reason."""
    return {Path(one.uri).name: (Path(one.original).name, one.reason) for one in report.duplicates}


def names(collection: Collection, where: str | None = None) -> list[str]:
    return [Path(record.uri).name for record in collection.list(where=where)]


def test_duplicates_are_left_out(folder: Path, collection: Collection) -> None:
    report = collection.add(folder, on_duplicate="skip")
    assert names(collection) == ["a.jpg", "c.jpg"]
    assert (report.added, report.skipped) == (2, 4)
    found = listed(report)
    assert {original for original, _ in found.values()} == {"a.jpg"}
    assert list(found) == ["bytes.jpg", "lossless.png", "smaller.jpg", "white.jpg"]
    assert found["bytes.jpg"][1] == "same bytes"
    assert found["lossless.png"][1] == "same pixels"
    assert found["smaller.jpg"][1].startswith("pHash distance ")
    assert found["white.jpg"][1].endswith(" after trimming a white border")
    assert report.to_dict()["skipped"] == 4
    assert report.to_dict()["duplicates"][0] == {
        "uri": str(folder / "bytes.jpg"),
        "of": 1,
        "original": str(folder / "a.jpg"),
        "reason": "same bytes",
    }


def test_what_was_left_out_is_not_read_again(
    folder: Path, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = collection.add(folder, on_duplicate="skip")
    read: list[str] = []
    real = crew.read
    monkeypatch.setattr(crew, "read", lambda job: (read.append(Path(job.item.uri).name), real(job)))
    second = collection.add(folder, on_duplicate="skip")
    assert (second.unchanged, second.skipped, second.added) == (2, 4, 0)
    assert sorted(listed(second).items()) == sorted(listed(first).items())
    assert read == []
    # Another picture under the same name is looked at, and so is one whose original is no more.
    shutil.copy(folder / "c.jpg", folder / "white.jpg")
    third = collection.add(folder, on_duplicate="skip")
    assert read == ["white.jpg"]
    assert listed(third)["white.jpg"] == ("c.jpg", "same bytes")
    collection.delete(1)
    collection.add(folder, on_duplicate="skip")
    assert sorted(read[1:]) == ["a.jpg", "bytes.jpg", "lossless.png", "smaller.jpg"]
    assert names(collection) == ["c.jpg", "a.jpg"]


def test_they_are_added_by_who_wants_them_after_all(folder: Path, collection: Collection) -> None:
    collection.add(folder, on_duplicate="skip")
    report = collection.add(folder)
    assert (report.added, report.duplicates) == (4, ())
    assert len(collection) == 6


def test_duplicates_are_linked(folder: Path, collection: Collection) -> None:
    report = collection.add(folder, on_duplicate="link")
    assert (report.added, report.skipped, len(report.duplicates)) == (6, 0, 4)
    assert names(collection, "duplicate_of is null") == ["a.jpg", "c.jpg"]
    assert len(names(collection, "duplicate_of == 1")) == 4
    hits = collection.search(folder / "a.jpg", where="duplicate_of is null")
    assert [hit.id for hit in hits] == [1, 3]
    collection.delete(1)
    assert len(names(collection, "duplicate_of is null")) == 5


def test_of_pictures_found_together_the_first_is_the_original(
    tmp_path: Path, animals: list[Path]
) -> None:
    """However long it takes to read: what is kept does not depend on threads."""
    encoder = registry.load("phash")
    later = threading.Event()

    def slow() -> bytes:
        assert later.wait(30)
        return animals[0].read_bytes()

    def quick() -> bytes:
        later.set()
        return animals[0].read_bytes()

    items = [Item("first", slow), *(Item(f"{n}", quick) for n in range(2, 5))]
    with LocalStore.open(tmp_path / "c") as store:
        store.add_encoder(encoder.spec)
        report = ingest_items(store, [encoder], items, on_duplicate="skip", workers=2)
        assert [record.uri for record in store.scan()] == ["first"]
        assert [one.uri for one in report.duplicates] == ["2", "3", "4"]


def test_one_that_cannot_be_used_holds_nobody_up(folder: Path, collection: Collection) -> None:
    (folder / "a.jpg").write_bytes(b"no picture")
    (folder / "aa.jpg").write_bytes((folder / "bytes.jpg").read_bytes()[:2000])
    report = collection.add(folder, on_duplicate="skip")
    assert [Path(failure.uri).name for failure in report.failed] == ["a.jpg", "aa.jpg"]
    assert names(collection) == ["bytes.jpg", "c.jpg"]
    assert report.skipped == 3


def test_tenants_know_nothing_of_each_other(folder: Path, collection: Collection) -> None:
    collection.add(folder / "a.jpg", tenant="one")
    report = collection.add(folder / "smaller.jpg", tenant="two", on_duplicate="skip")
    assert (report.added, report.duplicates) == (1, ())
    report = collection.add(folder / "lossless.png", tenant="two", on_duplicate="skip")
    assert listed(report)["lossless.png"][0] == "smaller.jpg"


def test_a_record_whose_file_is_gone_is_no_original(folder: Path, collection: Collection) -> None:
    collection.add(folder, on_duplicate="skip")
    (folder / "a.jpg").unlink()
    report = collection.add(folder, on_duplicate="skip")
    # The same bytes elsewhere: it has moved, with its id.
    assert report.moved == 1
    assert collection.get(1).uri == str(folder / "bytes.jpg")
    (folder / "bytes.jpg").unlink()
    report = collection.add(folder, on_duplicate="skip", prune=True)
    assert (report.added, report.removed) == (1, 1)
    assert sorted(names(collection)) == ["c.jpg", "lossless.png"]


def test_a_changed_picture_stays_its_record(folder: Path, collection: Collection) -> None:
    collection.add(folder, on_duplicate="skip")
    shutil.copy(folder / "a.jpg", folder / "c.jpg")
    report = collection.add(folder, on_duplicate="skip")
    assert (report.updated, report.skipped) == (1, 4)
    assert names(collection) == ["a.jpg", "c.jpg"]


def test_pictures_in_memory_are_compared_too(animals: list[Path], collection: Collection) -> None:
    collection.add(animals[0].read_bytes(), uri="one")
    report = collection.add(animals[0].read_bytes(), uri="two", on_duplicate="skip")
    assert [(one.uri, one.of, one.reason) for one in report.duplicates] == [
        ("two", 1, "same bytes")
    ]
    assert len(collection) == 1


def test_flat_pictures_are_no_copies_of_each_other(tmp_path: Path, collection: Collection) -> None:
    for name, colour in (("grey", 90), ("light", 200)):
        Image.new("RGB", (80, 80), (colour,) * 3).save(tmp_path / f"{name}.png")
    report = collection.add([tmp_path / "grey.png", tmp_path / "light.png"], on_duplicate="skip")
    assert (report.added, report.skipped) == (2, 0)


def test_other_words_are_refused(animals: list[Path], collection: Collection) -> None:
    with pytest.raises(UsageError, match="keep, skip or link, not 'drop'"):
        collection.add(animals[0], on_duplicate="drop")
