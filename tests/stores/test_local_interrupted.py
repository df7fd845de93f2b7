"""Ctrl-C between the commit of a change and its arrival in the indexes."""

import gc
import os

import numpy as np
import pytest

from lookalike.errors import UsageError
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore, hashes, shards

EYE = np.eye(4, dtype=np.float32)


def entry(number: int, direction: int) -> Entry:
    return Entry(
        f"/p/{number}.jpg",
        vectors={"e": EYE[direction], "h": np.full(8, direction, np.uint8)},
    )


@pytest.fixture
def path(tmp_path):
    with LocalStore.open(tmp_path / "c") as opened:
        opened.add_encoder(EncoderSpec("e", "embedding", 4))
        opened.add_encoder(EncoderSpec("h", "hash", 64))
        opened.upsert([entry(1, 0), entry(2, 1)])
    return tmp_path / "c"


def nearest(opened: LocalStore, direction: int) -> tuple[int, int]:
    by_vector = opened.nearest("e", EYE[direction], 1)[0]
    by_hash = opened.within("h", np.full(8, direction, np.uint8), 64, 1)[0]
    assert by_vector.distance < 0.1
    assert by_hash.distance == 0
    return by_vector.id, by_hash.id


@pytest.mark.parametrize(("module", "step"), [(shards, "_put"), (hashes, "_arrays")])
def test_interrupted_change_is_found_at_once_and_later(path, monkeypatch, module, step):
    def interrupted(*_):
        raise KeyboardInterrupt

    with LocalStore.open(path) as opened:
        assert nearest(opened, 0) == (1, 1)  # both indexes are loaded
        with monkeypatch.context() as patch:
            patch.setattr(module, step, interrupted)
            with pytest.raises(KeyboardInterrupt):
                opened.upsert([entry(1, 3), entry(3, 2)])
        assert nearest(opened, 3) == (1, 1)
        assert nearest(opened, 2) == (3, 3)
        opened.upsert([entry(4, 1)])
    with LocalStore.open(path) as opened:
        assert nearest(opened, 3) == (1, 1)
        assert nearest(opened, 2) == (3, 3)
        assert opened.notices == ()
        assert opened.stats().problems == ()


def test_a_forgotten_store_lets_others_in(path):
    opened = LocalStore.open(path)
    assert opened.count() == 2
    del opened
    gc.collect()
    with LocalStore.open(path) as again:
        assert again.count() == 2


def test_new_bytes_outdate_the_vectors_that_were_not_made_again(path):
    old, new = b"o" * 32, b"n" * 32
    with LocalStore.open(path) as opened:
        hash_only = {"h": np.full(8, 3, np.uint8)}
        opened.upsert([Entry("/p/1.jpg", sha256=old, vectors=hash_only)])
        assert set(opened.vectors("e", [1, 2])) == {1, 2}  # no digest was known before
        opened.upsert([Entry("/p/1.jpg", sha256=new, vectors=hash_only)])
        assert set(opened.vectors("e", [1, 2])) == {2}
        assert [n.id for n in opened.nearest("e", EYE[0], 9)] == [2]
        assert [record.id for record in opened.missing("e")] == [1]
        opened.upsert([Entry("/p/1.jpg", sha256=old, vectors={"e": EYE[0]})])
        assert set(opened.vectors("h", [1, 2])) == {2}
        assert [n.id for n in opened.within("h", np.full(8, 3, np.uint8), 64, 9)] == [2]
    with LocalStore.open(path) as opened:
        assert opened.notices == ()


def test_a_path_that_is_no_text_is_refused_before_anything_is_made(tmp_path):
    odd = tmp_path / os.fsdecode(b"\xff")
    with pytest.raises(UsageError, match="path of the collection"):
        LocalStore.open(odd)
    assert not odd.exists()
