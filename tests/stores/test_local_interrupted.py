"""Ctrl-C between the commit of a change and its arrival in the indexes."""

import numpy as np
import pytest

from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore, shards, store

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


@pytest.mark.parametrize(("module", "step"), [(shards, "_put"), (store, "_put_hashes")])
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
