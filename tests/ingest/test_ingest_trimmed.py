"""Hashes of pictures without their borders: made, copied, made up for in older collections."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from old_catalogue import make_older
from PIL import Image, ImageOps

import lookalike
from lookalike.collection import Collection
from lookalike.encoders import registry
from lookalike.ingest import complete, trim_again
from lookalike.stores.local import LocalStore

BORDERS = {"black.png": "black", "plain.png": None, "white.png": "white"}


@pytest.fixture
def photo(photos: Path) -> Image.Image:
    with Image.open(photos / "animals" / "canyon-wren.jpg") as image:
        return image.convert("RGB")


@pytest.fixture
def folder(tmp_path: Path, photo: Image.Image) -> Path:
    path = tmp_path / "pictures"
    path.mkdir()
    photo.save(path / "plain.png")
    ImageOps.expand(photo, 60, "black").save(path / "black.png")
    ImageOps.expand(photo, (0, 80), "white").save(path / "white.png")
    return path


def borders(collection: lookalike.Collection) -> dict[str, str | None]:
    return {Path(record.uri).name: record.border for record in collection.list()}


def test_trimmed_hashes_are_those_of_the_picture_within(
    folder: Path, tmp_path: Path, photo: Image.Image
) -> None:
    with lookalike.open(tmp_path / "c", encoder="phash,pdq") as collection:
        collection.add(folder)
        assert borders(collection) == {
            "black.png": "black",
            "plain.png": None,
            "white.png": "white",
        }
        for record in collection.list():
            trimmed = collection.trimmed_of(record.id)
            if record.border is None:
                assert trimmed == {}
                continue
            for name in ("phash", "pdq"):
                own = registry.load(name).encode_images([photo])[0]
                assert np.array_equal(trimmed[name], own)
        # The same bytes elsewhere share them.
        shutil.copy(folder / "white.png", folder / "zwin.png")
        collection.add(folder)
        twin = collection.find(folder / "zwin.png")
        assert twin is not None
        assert twin.border == "white"
        assert set(collection.trimmed_of(twin.id)) == {"phash", "pdq"}


def test_no_hash_no_border(folder: Path, tmp_path: Path) -> None:
    with lookalike.open(tmp_path / "c", encoder="mobilenet-v3-large") as collection:
        collection.add(folder)
        assert set(borders(collection).values()) == {None}
        collection.add_encoder("phash")
        assert borders(collection)["white.png"] == "white"


def test_older_collections_get_theirs_with_the_next_run(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c"
    with lookalike.open(path, encoder="phash") as collection:
        collection.add(folder)
    make_older(path, 2)
    monkeypatch.setattr(complete, "_TRIMMED_TOGETHER", 2)
    (folder / "white.png").unlink()
    with lookalike.open(path) as collection:
        assert set(borders(collection).values()) == {None}
        report = collection.add(folder)
        assert (report.unchanged, report.failed, report.updated) == (2, (), 0)
        assert borders(collection) == {**BORDERS, "white.png": None}
        assert len(collection.search(folder / "plain.png", threshold=0.9)) == 2
    with LocalStore.open(path) as store:
        assert store.setting(complete.UNTRIMMED) is None


def test_an_interrupted_search_for_borders_goes_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c"
    with lookalike.open(path, encoder="phash") as collection:
        collection.add(folder)
    make_older(path, 2)
    monkeypatch.setattr(complete, "_TRIMMED_TOGETHER", 1)
    encoder = registry.load("phash")
    seen: list[int] = []
    real = complete.Run.__call__

    def interrupted(run: complete.Run, progress: None) -> object:
        if len(seen) == 1:
            seen.append(0)
            raise KeyboardInterrupt
        seen.append(0)
        return real(run, progress)

    monkeypatch.setattr(complete.Run, "__call__", interrupted)
    with LocalStore.open(path) as store:
        with pytest.raises(KeyboardInterrupt):
            trim_again(store, [encoder])
        assert store.setting(complete.UNTRIMMED) == 1
        trim_again(store, [encoder])
        assert store.setting(complete.UNTRIMMED) is None
        assert len(seen) == 2 + 3
        assert {Path(record.uri).name: record.border for record in store.scan()} == BORDERS


def export_whole_ones(collection: Collection, path: Path) -> None:
    """Export hashes as those do who know of no trimmed ones."""
    collection.export_embeddings(path, encoder="phash")
    rows = path.with_suffix(".jsonl")
    kept = [json.loads(line) for line in rows.read_text().splitlines()]
    for one in kept:
        one.pop("trimmed", None)
    rows.write_text("".join(f"{json.dumps(one)}\n" for one in kept))


def test_imported_hashes_get_trimmed_ones_from_the_files(folder: Path, tmp_path: Path) -> None:
    with lookalike.open(tmp_path / "one", encoder="phash") as first:
        first.add(folder)
        export_whole_ones(first, tmp_path / "hashes.npy")
        wanted = {record.id: first.trimmed_of(record.id) for record in first.list()}
    with lookalike.open(tmp_path / "two") as second:
        second.import_embeddings(tmp_path / "hashes.npy")
        assert not any(second.trimmed_of(record.id) for record in second.list())
        report = second.add(folder)
        assert (report.added, report.unchanged, report.failed) == (0, 3, ())
        for key, hashes in wanted.items():
            assert set(second.trimmed_of(key)) == set(hashes)
            for name, hashed in hashes.items():
                assert np.array_equal(second.trimmed_of(key)[name], hashed)
        assert {record.pixels for record in second.list()} != {None}
        # Nothing is left to look for, and what says nothing new changes nothing.
        second.import_embeddings(tmp_path / "hashes.npy")
        assert {record.id: set(second.trimmed_of(record.id)) for record in second.list()} == {
            key: set(hashes) for key, hashes in wanted.items()
        }


def test_imported_hashes_that_are_there_keep_their_trimmed_ones(
    folder: Path, tmp_path: Path
) -> None:
    with lookalike.open(tmp_path / "c", encoder="phash") as collection:
        collection.add(folder)
        before = {record.id: set(collection.trimmed_of(record.id)) for record in collection.list()}
        collection.export_embeddings(tmp_path / "hashes.npy", encoder="phash")
        collection.add(folder, attributes={"new": True})
        assert collection.import_embeddings(tmp_path / "hashes.npy").updated == 3
        after = {record.id: set(collection.trimmed_of(record.id)) for record in collection.list()}
        assert after == before
        assert collection._store.setting(complete.UNTRIMMED) is None
        assert [dict(record.attributes) for record in collection.list()] == [{}] * 3


def test_hashes_imported_over_others_are_looked_at_again(folder: Path, tmp_path: Path) -> None:
    with lookalike.open(tmp_path / "c", encoder="phash") as collection:

        def trimmed() -> set[int]:
            return {one.id for one in collection.list() if collection.trimmed_of(one.id)}

        collection.add(folder)
        before = trimmed()
        assert len(before) == 2
        export_whole_ones(collection, tmp_path / "hashes.npy")
        hashes = np.load(tmp_path / "hashes.npy")
        hashes[1:] ^= 1
        np.save(tmp_path / "hashes.npy", hashes)
        assert collection.import_embeddings(tmp_path / "hashes.npy").updated == 2
        assert collection._store.setting(complete.UNTRIMMED) == 1
        assert trimmed() == before & {1}
        collection.add(folder)
        assert trimmed() == before
