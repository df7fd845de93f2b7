"""Store.optimize, rebuild, stats, close: nothing that is kept changes by them."""

import numpy as np
import pytest
from places import EMBEDDING, HASH, PDQ, Place

from lookalike.errors import UsageError
from lookalike.records import Decision
from lookalike.stores.base import Entry, Store

EYE = np.eye(4, dtype=np.float32)


def fill(store: Store) -> list[int]:
    return store.upsert(
        [
            Entry(
                f"/{n}",
                attributes={"n": n},
                vectors={"embedding": EYE[n % 4], "hash": np.array([n, 0], np.uint8)},
                trimmed={"hash": np.array([n, 255], np.uint8)},
            )
            for n in range(40)
        ]
    )


def answers(store: Store) -> list[object]:
    return [
        [(one.id, one.distance) for one in store.within("hash", np.zeros(2, np.uint8), 9, 99)],
        [one.id for one in store.nearest("embedding", EYE[1], 99)],
        list(store.scan()),
    ]


@pytest.mark.parametrize("upkeep", ["optimize", "rebuild", "reopen"])
def test_upkeep_changes_no_answer(place: Place, upkeep: str) -> None:
    ids = fill(place.store)
    place.store.delete(ids[30:])
    before = answers(place.store)
    if upkeep == "reopen":
        place.reopen()
    else:
        told: list[tuple[str, int, int]] = []
        getattr(place.store, upkeep)(lambda *what: told.append(what))
        assert all(0 <= done <= total for _, done, total in told)
    assert answers(place.store) == before
    assert place.store.stats().problems == ()


def test_stats_count_what_is_there(place: Place) -> None:
    store = place.store
    stats = store.stats()
    assert [one.spec for one in stats.encoders] == [EMBEDDING, HASH, PDQ]
    assert (stats.records, [one.vectors for one in stats.encoders]) == (0, [0, 0, 0])
    ids = fill(store)
    store.delete(ids[:5])
    store.upsert([Entry("/without")])
    stats = store.stats()
    assert (stats.records, [one.vectors for one in stats.encoders]) == (36, [35, 35, 0])
    assert [one.dimensions for one in stats.encoders] == [4, 16, 256]
    # A server does not say how many bytes it keeps.
    assert stats.catalogue_bytes > 0 or place.kind == "milvus"
    assert stats.problems == ()


def test_a_reader_sees_what_is_written_and_writes_nothing(place: Place) -> None:
    ids = fill(place.store)
    reader = place.opened(read_only=True)
    assert answers(reader)[:2] == answers(place.store)[:2]
    place.store.upsert([Entry("/new", vectors={"embedding": EYE[0]})])
    assert reader.count() == 41
    assert len(reader.nearest("embedding", EYE[0], 99)) == 41
    assert reader.encoders() == (EMBEDDING, HASH, PDQ)
    for write in (
        lambda: reader.upsert([Entry("/x")]),
        lambda: reader.delete(ids),
        lambda: reader.update_attributes({ids[0]: {}}),
        lambda: reader.move({ids[0]: Entry("/x")}),
        lambda: reader.set_setting("a", 1),
        lambda: reader.decide([Decision("keep", *sorted(ids[:2]), 0.0)]),  # type: ignore[misc]
        lambda: reader.add_encoder(EMBEDDING),
        lambda: reader.set_projection("embedding", None),
        reader.optimize,
        reader.rebuild,
    ):
        with pytest.raises(UsageError, match="read-only"):
            write()
    reader.close()
    assert place.store.count() == 41


def test_closing_twice_is_closing(place: Place) -> None:
    other = place.opened(read_only=True)
    other.close()
    other.close()
    assert place.store.count() == 0
