"""Store.set_projection and projection: the order is that of the space compared in."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from places import EMBEDDING, Place

from lookalike.encoders.projection import Projection
from lookalike.errors import UsageError
from lookalike.filters import parse
from lookalike.stores.base import Entry, QueryPart, Store

RNG = np.random.default_rng(3)
ROWS = RNG.standard_normal((120, 4)).astype(np.float32) + 0.7
ROWS /= np.linalg.norm(ROWS, axis=1, keepdims=True)
MATRIX = RNG.standard_normal((4, 3)).astype(np.float32)
FITTED = Projection("three", ROWS.mean(0), MATRIX, np.full(4, -0.2, np.float32))
TURNED = Projection("turned", ROWS.mean(0), MATRIX[:, ::-1])


def fill(store: Store) -> list[int]:
    return store.upsert(
        [
            Entry(f"/{n}", attributes={"n": n}, vectors={"embedding": row})
            for n, row in enumerate(ROWS)
        ]
    )


def exact(projection: Projection | None, query: NDArray[np.float32]) -> NDArray[np.float64]:
    """Distances of `ROWS` by brute force, kept as half-precision numbers."""
    rows = ROWS.astype(np.float16).astype(np.float32)
    if projection is None:
        return 1 - rows @ query
    return 1 - projection.project(rows) @ projection.project(query[None])[0]


def check(store: Store, ids: list[int], projection: Projection | None) -> None:
    for number in (7, 50):
        wanted = dict(zip(ids, exact(projection, ROWS[number]).tolist(), strict=True))
        found = store.nearest("embedding", ROWS[number], len(ids))
        assert {one.id: one.distance for one in found} == pytest.approx(wanted, abs=5e-3)
        assert store.distances("embedding", ROWS[number], ids) == pytest.approx(
            {one.id: one.distance for one in found}, abs=1e-5
        )
        assert found[0].id == ids[number]


def test_the_order_is_that_of_the_projected_space(place: Place) -> None:
    store = place.store
    ids = fill(store)
    check(store, ids, None)
    before = store.vectors("embedding", ids[:1])[ids[0]]
    told: list[tuple[str, int, int]] = []
    for projection in (FITTED, TURNED, None, FITTED):
        store.set_projection("embedding", projection, lambda *what: told.append(what))
        kept = store.projection("embedding")
        assert (kept and kept.version) == (projection and projection.version)
        check(store, ids, projection)
        assert store.vectors("embedding", ids[:1])[ids[0]] == pytest.approx(before, abs=1e-6)
        stats = store.stats().encoders[0]
        assert (stats.spec, stats.vectors) == (EMBEDDING, len(ids))
        assert stats.dimensions == (3 if projection else 4)
        assert stats.projection == (projection.version if projection else "")
    assert told
    store = place.reopen()
    check(store, ids, FITTED)
    store.rebuild()
    check(store, ids, FITTED)
    assert sorted(int(key) for keys, _ in store.all_vectors("embedding") for key in keys) == (
        sorted(ids)
    )


def test_what_is_written_later_is_projected(store: Store) -> None:
    store.set_projection("embedding", FITTED)
    ids = fill(store)
    check(store, ids, FITTED)
    (key,) = store.upsert([Entry("/new", vectors={"embedding": -ROWS[0]})])
    assert store.nearest("embedding", -ROWS[0], 1)[0].id == key
    store.upsert([Entry("/new", vectors={"embedding": ROWS[3]})])
    assert {one.id for one in store.nearest("embedding", ROWS[3], 2)} == {ids[3], key}
    store.delete([ids[3]])
    assert store.nearest("embedding", ROWS[3], 1)[0].id == key
    where = parse("n >= 50 and n < 90")
    found = store.nearest("embedding", ROWS[60], 60, where=where)
    assert {one.id for one in found} == set(ids[50:90])
    store.delete([key])
    assert store.vectors("embedding", [key]) == {}


def test_words_are_centred_otherwise_than_pictures(store: Store) -> None:
    store.set_projection("embedding", FITTED)
    ids = fill(store)
    parts = [QueryPart(ROWS[1], text=True), QueryPart(ROWS[2], 0.5)]
    mixed = FITTED.project_text(ROWS[1:2])[0] + 0.5 * FITTED.project(ROWS[2:3])[0]
    mixed /= np.linalg.norm(mixed)
    rows = FITTED.project(ROWS.astype(np.float16).astype(np.float32))
    wanted = dict(zip(ids, (1 - rows @ mixed).tolist(), strict=True))
    found = store.nearest("embedding", parts, 200)
    assert {one.id: one.distance for one in found} == pytest.approx(wanted, abs=5e-3)


def test_an_encoder_may_begin_with_a_projection(new_place: Callable[[], Place]) -> None:
    place = new_place()
    store = place.store
    store.add_encoder(EMBEDDING, FITTED)
    store.add_encoder(EMBEDDING)
    ids = fill(store)
    check(store, ids, FITTED)
    wrong = Projection("wrong", np.zeros(8, np.float32), np.eye(8, 3, dtype=np.float32))
    with pytest.raises(UsageError, match="takes embeddings of 8 components"):
        store.set_projection("embedding", wrong)
    with pytest.raises(UsageError, match="no encoder"):
        store.set_projection("hash", None)
    check(place.reopen(), ids, FITTED)
