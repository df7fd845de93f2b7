"""Store.index, set_index, searching, aside: the same answers by another index."""

import contextlib
import os
from collections.abc import Iterator

import numpy as np
import pytest
from milvus_server import MilvusProcess
from places import Kind, Place
from store_at import open_store

from lookalike.errors import NotFoundError, UsageError
from lookalike.indexes import IndexSpec
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry, Store

SPEC = EncoderSpec("e", "embedding", 16, "f")
HASH = EncoderSpec("h", "hash", 16)
COUNT = 60
VECTORS = np.random.default_rng(0).standard_normal((COUNT, 16)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)


def fill(store: Store) -> None:
    store.upsert([Entry(f"/{at}", id=at, vectors={"e": row}) for at, row in enumerate(VECTORS)])


@pytest.fixture(scope="module")
def kept_place(kind: Kind, server: MilvusProcess | None) -> Iterator[Place]:
    """A place with a filled store that tests share: making one takes a server seconds."""
    place = Place(kind, server, "indexes")
    place.store.add_encoder(SPEC, None, IndexSpec("HNSW"))
    place.store.add_encoder(HASH)
    fill(place.store)
    yield place
    place.discard()


@pytest.fixture
def filled(kept_place: Place) -> Store:
    """That store, with a graph."""
    kept_place.store.set_index("e", IndexSpec("HNSW"))
    return kept_place.store


def found(store: Store) -> list[int]:
    return [one.id for one in store.nearest("e", VECTORS[7], 5)]


def test_an_encoder_gets_the_index_asked_for(kept_place: Place) -> None:
    store = kept_place.store
    other = EncoderSpec("other", "embedding", 16)
    with pytest.raises(UsageError, match="possible here: auto"):
        store.add_encoder(other, None, IndexSpec("BIN_FLAT"))
    assert store.encoders() == (SPEC, HASH)
    store.add_encoder(other, None, IndexSpec.parse("HNSW:M=8,ef=50"))
    made = store.index("other")
    assert (made.kind, made.build["M"], made.search["ef"]) == ("HNSW", 8, 50)
    assert "efConstruction" in made.build


def test_another_index_gives_the_same_answers_and_stays(kept_place: Place, filled: Store) -> None:
    place = kept_place
    before = found(filled)
    told: list[tuple[str, int, int]] = []
    flat = place.store.set_index("e", IndexSpec("FLAT"), lambda *what: told.append(what))
    assert flat == IndexSpec("FLAT") == place.store.index("e")
    assert told
    assert found(place.store) == before
    assert place.reopen().index("e") == flat
    assert found(place.store) == before
    assert place.store.index("h") == IndexSpec("BIN_FLAT")
    for wrong in ("BIN_FLAT", "IVF_RABITQ", "HNSW:M=3000"):
        with pytest.raises(UsageError):
            place.store.set_index("e", IndexSpec.parse(wrong))
    assert place.store.index("e") == flat


def test_search_parameters_change_at_once_or_for_a_while(filled: Store) -> None:
    store = filled
    told: list[object] = []
    before, answers = store.index("e"), found(store)
    made = store.set_index("e", before.with_search({"ef": 33}), lambda *what: told.append(what))
    assert (made.search["ef"], told) == (33, [])
    with contextlib.suppress(ZeroDivisionError), store.searching("e", {"ef": 7}):
        assert found(store) == answers
        raise ZeroDivisionError
    assert store.index("e").search["ef"] == 33


def test_what_stops_a_build_leaves_the_old_index(filled: Store) -> None:
    store = filled
    before, answers = store.index("e"), found(store)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.set_index("e", IndexSpec("FLAT"), stop)
    assert store.index("e") == before
    assert found(store) == answers


def test_a_store_aside_is_empty_and_goes(kept_place: Place) -> None:
    place = kept_place
    before = place.store.encoders()
    with contextlib.suppress(ZeroDivisionError), place.store.aside() as other:
        assert (other.count(), other.encoders()) == (0, ())
        address = other.address
        raise ZeroDivisionError
    assert (place.store.encoders(), place.store.count()) == (before, COUNT)
    if place.kind == "local":
        assert not os.path.exists(address)
    else:
        with pytest.raises(NotFoundError):
            open_store(address, read_only=True)
