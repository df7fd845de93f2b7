"""Declared attributes of a folder: an index from the start, and collections half made."""

from pathlib import Path

import numpy as np
import pytest

from lookalike.errors import UsageError
from lookalike.records import AttributeKind, EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore
from lookalike.stores.local.payload import declared_fields

EMBEDDING = EncoderSpec("e", "embedding", 4)
DECLARED: dict[str, AttributeKind] = {"price": "number", "sale": "boolean"}


def has_index(store: LocalStore) -> bool:
    fields = list(declared_fields(DECLARED))
    assert len(fields) == 2
    return store._shards.index(store._known["e"]).has_fields(fields)


def test_filters_find_an_index_from_the_start(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "bare") as store:
        store.add_encoder(EMBEDDING)
        assert not has_index(store)
    with LocalStore.open(tmp_path / "c", attributes=DECLARED) as store:
        store.add_encoder(EMBEDDING)
        assert has_index(store)
        vector = np.eye(4, dtype=np.float32)[0]
        store.upsert([Entry("/1", attributes={"price": 1}, vectors={"e": vector})])
    with LocalStore.open(tmp_path / "c") as store:
        assert has_index(store)
        store.rebuild()
        assert has_index(store)
        assert store.notices == ()


def test_only_what_nothing_was_written_to_can_still_declare(tmp_path: Path) -> None:
    # As a process leaves it that died while it made the collection.
    LocalStore.open(tmp_path / "c").close()
    with LocalStore.open(tmp_path / "c", attributes=DECLARED) as store:
        assert store.declared() == DECLARED
    with LocalStore.open(tmp_path / "old") as store:
        store.add_encoder(EMBEDDING)
    with pytest.raises(UsageError, match=r"price:number was not \(none\)"):
        LocalStore.open(tmp_path / "old", attributes=DECLARED)
    # Nothing is held by the refusal.
    with LocalStore.open(tmp_path / "old") as store:
        assert store.declared() == {}
