"""What a catalogue keeps beside records and vectors, and how long: digests, decisions, settings."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from old_catalogue import make_older

from lookalike.errors import NotFoundError, UsageError
from lookalike.records import Decision, EncoderSpec, Skipped
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


def test_the_nearer_of_two_hashes_counts(store: LocalStore) -> None:
    assert near(store, WHOLE) == [(1, 0), (2, 0)]
    assert near(store, TRIMMED) == [(1, 0)]
    assert store.distances("h", TRIMMED, [1, 2]) == {1: 0, 2: 16}
    assert store.trimmed("e", [1, 2]) == {}
    store.upsert([replace(FIRST, trimmed={})])
    assert near(store, TRIMMED) == []
    store.upsert([Entry("/1", trimmed={"h": TRIMMED})])
    assert near(store, TRIMMED) == [(1, 0)]
    store.delete([1])
    assert near(store, TRIMMED) == []


@pytest.mark.parametrize(
    ("trimmed", "why"),
    [
        ({"h": TRIMMED[:4]}, "no hash of its size"),
        ({"h": TRIMMED.astype(np.int16)}, "no hash of its size"),
        ({"e": TRIMMED}, "no hash of its size"),
    ],
)
def test_what_is_no_trimmed_hash_is_refused(store: LocalStore, trimmed: object, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        store.upsert([replace(FIRST, trimmed=trimmed)])
    with pytest.raises(UsageError, match="without that of the whole"):
        store.upsert([Entry("/3", trimmed={"h": TRIMMED})])
    assert store.count() == 2


def test_other_bytes_make_forget_what_was_true_of_the_old(store: LocalStore) -> None:
    store.decide([Decision("keep", 1, 2, 5.0)])
    store.skip([Skipped("/s", "", 3, 4, 1, "same bytes")])
    store.upsert([replace(FIRST, md5=b"n" * 16)])
    assert len(store.decisions()) == 1
    assert set(store.skipped(["/s"])) == {"/s"}
    store.upsert([Entry("/1", sha256=b"3" * 32, size=2, vectors={})])
    record, other = store.get([1, 2])
    assert record is not None
    assert other is not None
    assert (record.pixels, record.border, record.md5) == (None, None, None)
    assert other.duplicate_of is None
    assert store.trimmed("h", [1]) == store.vectors("h", [1]) == {}
    assert store.decisions() == []
    assert store.skipped(["/s"]) == {}


def test_deleting_takes_links_and_decisions_along(store: LocalStore) -> None:
    store.decide([Decision("different", 1, 2, 5.0)])
    store.skip([Skipped("/s", "t", 3, 4, 1, "same bytes")])
    assert store.skipped(["/s"]) == {}
    assert store.skipped(["/s", "/u"], "t")["/s"].duplicate_of == 1
    assert store.count() == 2
    store.delete([1])
    (other,) = store.get([2])
    assert other is not None
    assert other.duplicate_of is None
    assert store.decisions() == []
    assert store.skipped(["/s"], "t") == {}


def test_what_is_not_there_cannot_be_duplicated(store: LocalStore) -> None:
    with pytest.raises(NotFoundError, match="no record 9"):
        store.skip([Skipped("/s", "", 3, 4, 9, "same bytes")])
    with pytest.raises(NotFoundError, match="no record 1 or no record 9"):
        store.decide([Decision("keep", 1, 2, 0.0), Decision("keep", 1, 9, 0.0)])
    assert store.decisions() == []
    store.upsert([Entry("/3", duplicate_of=77)])
    assert next(store.scan(after=2)).duplicate_of is None


def test_digests_find_records_of_one_tenant_or_of_all(store: LocalStore) -> None:
    store.upsert([replace(FIRST, tenant="t", uri="/t")])
    for kind, digest in (("sha256", b"1" * 32), ("md5", b"m" * 16), ("pixels", b"p" * 16)):
        for tenant, ids in (("", [1]), ("t", [3]), (None, [1, 3]), ("u", [])):
            found = store.find_digests([digest, b"?"], tenant, kind=kind).get(digest, [])
            assert [record.id for record in found] == ids
    assert len(store.find_digests([b"1" * 32], None, limit=1)[b"1" * 32]) == 1


def test_settings(store: LocalStore) -> None:
    assert store.setting("a") is None
    store.set_setting("a", {"radius": 7, "names": ["é"]})
    store.set_setting("a", {"radius": 8, "names": ["é"]})
    with LocalStore.open(store.path, read_only=True) as reader:
        assert reader.setting("a") == {"radius": 8, "names": ["é"]}
        with pytest.raises(UsageError, match="read-only"):
            reader.set_setting("a", 1)
    store.set_setting("a", None)
    assert store.setting("a") is None
    with pytest.raises(UsageError, match="cannot be kept as JSON"):
        store.set_setting("a", float("nan"))


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
