"""Store.within and segments: exact, whatever was written."""

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.errors import UsageError
from lookalike.filters import Filter, parse
from lookalike.stores.base import Entry, Store

RNG = np.random.default_rng(4)


def entry(number: int) -> Entry:
    """Hashes that are near each other, every third with that of a trimmed picture."""
    near = np.arange(32, dtype=np.uint8)
    near[RNG.integers(0, 32, 6)] ^= RNG.integers(0, 256, 6, dtype=np.uint8)
    trimmed = {"pdq": near ^ np.uint8(1)} if number % 3 == 0 else {}
    return Entry(f"/{number}", attributes={"n": number}, vectors={"pdq": near}, trimmed=trimmed)


def own_hashes(store: Store) -> dict[int, list[NDArray[np.uint8]]]:
    """All hashes by id, the whole ones and the trimmed."""
    found = {
        int(key): [row]
        for keys, rows in store.all_vectors("pdq")
        for key, row in zip(keys, rows, strict=True)
    }
    for key, one in store.trimmed("pdq", list(found)).items():
        found[key].append(one)
    return found


def bits_within(
    store: Store, query: NDArray[np.uint8], radius: int, where: Filter | None = None
) -> list[tuple[float, int]]:
    passing = {record.id for record in store.scan(where)}
    nearest = [
        (float(min(np.bitwise_count(one ^ query).sum() for one in own)), key)
        for key, own in own_hashes(store).items()
        if key in passing
    ]
    return sorted(pair for pair in nearest if pair[0] <= radius)


def test_hashes_within_a_radius_are_all_found(store: Store) -> None:
    ids = store.upsert([entry(n) for n in range(120)])
    query = store.vectors("pdq", [ids[5]])[ids[5]]
    for radius in (0, 1, 20, 40, 256):
        for where in (None, parse("n < 60"), parse("n > 1000")):
            wanted = bits_within(store, query, radius, where)
            found = store.within("pdq", query, radius, 1000, where=where)
            assert [(one.distance, one.id) for one in found] == wanted
            page = store.within("pdq", query, radius, 7, offset=3, where=where)
            assert page == found[3:10]
    assert store.within("pdq", query, 256, 0) == []
    everything = store.distances("pdq", query, [*ids, 999])
    assert everything == {key: distance for distance, key in bits_within(store, query, 256)}
    assert store.within("hash", np.zeros(2, np.uint8), 16, 5) == []


def test_what_changed_is_found_as_it_is_now(store: Store) -> None:
    ids = store.upsert([entry(n) for n in range(60)])
    query = np.arange(32, dtype=np.uint8)
    for step in range(3):
        store.upsert([entry(50 + n) for n in range(step * 10, step * 10 + 20)])
        store.delete([ids[step], ids[20 + step]])
        found = store.within("pdq", query, 256, 1000)
        assert [(one.distance, one.id) for one in found] == bits_within(store, query, 256)


def test_equal_segments_are_all_found(store: Store) -> None:
    def matching(
        segments: int, minimum: int, where: Filter | None = None
    ) -> list[tuple[float, int]]:
        passing = {record.id for record in store.scan(where)}
        found = []
        for key, own in own_hashes(store).items():
            bits = [np.unpackbits(one ^ query).reshape(segments, -1) for one in own]
            near = [int(b.sum()) for b in bits if (~b.any(axis=1)).sum() >= minimum]
            if near and key in passing:
                found.append((float(min(near)), key))
        return sorted(found)

    ids = store.upsert([entry(n) for n in range(80)])
    query = entry(0).vectors["pdq"]
    for step in range(2):
        for segments, minimum in ((16, 10), (16, 13), (32, 26), (8, 2)):
            wanted = matching(segments, minimum)
            found = store.segments("pdq", query, segments, minimum, 1000)
            assert [(one.distance, one.id) for one in found] == wanted
            page = store.segments("pdq", query, segments, minimum, 3, offset=2)
            assert page == found[2:5]
        where = parse("n < 50")
        few = store.segments("pdq", query, 16, 10, 1000, where=where)
        assert [(one.distance, one.id) for one in few] == matching(16, 10, where)
        store.upsert([entry(40 + n) for n in range(step * 10)])
        store.delete([ids[step], ids[50 + step]])
    with pytest.raises(UsageError, match="cannot be cut into 7"):
        store.segments("pdq", query, 7, 6, 3)
    with pytest.raises(UsageError, match="1 to 8 can be equal"):
        store.segments("pdq", query, 8, 9, 3)


def test_what_is_no_hash_is_refused(store: Store) -> None:
    for query in (np.zeros(3, np.uint8), np.zeros(2, np.float32)):
        with pytest.raises(UsageError, match="needs a query of 2 uint8"):
            store.within("hash", query, 3, 3)
    with pytest.raises(UsageError, match="makes embeddings: ask it for those"):
        store.within("embedding", np.zeros(4, np.uint8), 3, 3)
