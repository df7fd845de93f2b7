"""A store on a server is asked about many pictures at once: a question is a way there and back."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ingest_parts import TinyEncoder, draw

from lookalike.ingest import coordinator, ingest
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

PICTURES = 120


class Far:
    """A store that says it is on a server, and counts what it is asked."""

    version = (2, 3, 5)

    def __init__(self, store: LocalStore) -> None:
        self._store = store
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        self.asked[name] += 1
        return getattr(self._store, name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(PICTURES):
        draw(tmp_path / "pictures" / f"{number:03}.png", number)
    return tmp_path / "pictures"


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with LocalStore.open(tmp_path / "c") as opened:
        yield Far(opened)


@pytest.fixture
def tiny(store: Far) -> TinyEncoder:
    encoder = TinyEncoder()
    store._store.add_encoder(encoder.spec)
    return encoder


def test_bytes_are_asked_about_together(
    store: Far, tiny: TinyEncoder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coordinator, "GATHER_SECONDS", 3600.0)
    assert ingest(store, [tiny], [folder]).added == PICTURES
    # All that may be under way is read before it is asked about: at least a batch of 16.
    assert store.asked["find_digests"] <= PICTURES / 16 + 1


def test_bytes_wait_for_slow_ones_no_longer_than_a_moment(
    store: Far, tiny: TinyEncoder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coordinator, "GATHER_SECONDS", 0.0)
    assert ingest(store, [tiny], [folder]).added == PICTURES


def test_vectors_of_copies_are_asked_for_together(
    store: Far, tiny: TinyEncoder, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coordinator, "GATHER_SECONDS", 3600.0)
    ingest(store, [tiny], [folder])
    encoded = tiny.encoded
    shutil.copytree(folder, tmp_path / "again")
    store.asked.clear()
    assert ingest(store, [tiny], [tmp_path / "again"]).added == PICTURES
    assert tiny.encoded == encoded
    for question in ("find_digests", "vectors", "trimmed", "qualities"):
        assert store.asked[question] <= PICTURES / 16 + 1


def test_a_copy_of_what_lacks_a_vector_gets_that_of_the_next(
    store: Far, tiny: TinyEncoder, folder: Path, tmp_path: Path
) -> None:
    """The first of three records of the same bytes has none."""
    paths = [draw(tmp_path / "same" / name, 1) for name in ("a.png", "b.png", "c.png")]
    ingest(store, [tiny], paths[:2])
    other = TinyEncoder("other")
    store._store.add_encoder(other.spec)
    [_, second] = store._store.scan()
    vectors = {"other": store._store.vectors("tiny", [second.id])[second.id]}
    store._store.upsert([Entry(second.uri, sha256=second.sha256, vectors=vectors)])
    assert ingest(store, [tiny, other], [paths[2]]).added == 1
    assert other.encoded == 0
