"""Catalogues of older versions, and what they keep beside records and vectors."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from old_catalogue import make_older

from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

WHOLE = np.array([255, 0, 0, 0, 0, 0, 0, 0], np.uint8)
TRIMMED = np.array([0, 0, 0, 0, 0, 0, 0, 255], np.uint8)
FIRST = Entry(
    "/1",
    sha256=b"1" * 32,
    md5=b"m" * 16,
    size=1,
    modified_ns=1,
    vectors={"h": WHOLE},
    trimmed={"h": TRIMMED},
    pixels=b"p" * 16,
    border="black",
)
SECOND = Entry("/2", sha256=b"2" * 32, size=1, modified_ns=1, vectors={"h": WHOLE}, duplicate_of=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(tmp_path / "c") as store:
        store.add_encoder(EncoderSpec("h", "hash", 64))
        store.add_encoder(EncoderSpec("e", "embedding", 4))
        assert store.upsert([FIRST, SECOND]) == [1, 2]
        yield store


def near(store: LocalStore, query: np.ndarray) -> list[tuple[int, float]]:
    return [(one.id, one.distance) for one in store.within("h", query, 8, 10)]


@pytest.mark.parametrize("version", [1, 2])
def test_catalogues_of_older_versions_are_read_and_brought_up_to_date(
    tmp_path: Path, version: int
) -> None:
    folder = tmp_path / "old"
    with LocalStore.open(folder) as store:
        store.add_encoder(EncoderSpec("h", "hash", 64))
        store.upsert([replace(FIRST, trimmed={}, pixels=None, border=None)])
    make_older(folder, version)
    before = (folder / "catalogue.sqlite3").read_bytes()
    with LocalStore.open(folder, read_only=True) as reader:
        (record,) = reader.scan()
        assert (record.uri, record.pixels, record.duplicate_of) == ("/1", None, None)
        assert near(reader, WHOLE) == [(1, 0)]
        assert reader.trimmed("h", [1]) == {}
        assert reader.find_digests([b"m" * 16], kind="md5") == {b"m" * 16: [record]}
        assert reader.decisions() == []
        assert reader.setting("untrimmed_after") is None
        assert reader.skipped(["/1"]) == {}
    assert (folder / "catalogue.sqlite3").read_bytes() == before
    with LocalStore.open(folder) as store:
        # Its pictures have not been looked at for borders.
        assert store.setting("untrimmed_after") == -1
        store.upsert([FIRST, SECOND])
        assert near(store, TRIMMED) == [(1, 0)]
        assert [record.duplicate_of for record in store.scan()] == [None, 1]


def test_a_new_catalogue_has_nothing_to_look_at_again(store: LocalStore) -> None:
    assert store.setting("untrimmed_after") is None
