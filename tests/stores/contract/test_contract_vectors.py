"""Stored vectors: by id, all, missing, trimmed, qualities."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.errors import UnknownEncoderError
from lookalike.stores.base import Entry, Store

EYE = np.eye(4, dtype=np.float32)
WHOLE = np.array([255, 0], np.uint8)
TRIMMED = np.array([0, 255], np.uint8)
FIRST = Entry("/1", vectors={"hash": WHOLE}, trimmed={"hash": TRIMMED}, qualities={"hash": 50})


def test_vectors_come_back_by_id(store: Store) -> None:
    rows = np.random.default_rng(0).standard_normal((700, 4)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    ids = store.upsert(
        [
            Entry(f"/{n}", vectors={"embedding": row, "pdq": np.full(32, n % 256, np.uint8)})
            for n, row in enumerate(rows)
        ]
    )
    found = store.vectors("embedding", [*ids, 999])
    assert set(found) == set(ids)
    assert {(one.dtype, one.shape) for one in found.values()} == {(np.dtype(np.float32), (4,))}
    assert np.abs(np.stack([found[key] for key in ids]) - rows).max() < 1e-3
    hashes = store.vectors("pdq", ids)
    assert [hashes[key].tolist() for key in ids] == [[n % 256] * 32 for n in range(700)]
    assert hashes[ids[0]].dtype == np.uint8
    assert store.vectors("embedding", []) == store.vectors("hash", ids) == {}
    for name, stored in (("embedding", found), ("pdq", hashes)):
        order: list[int] = []
        for keys, chunk in store.all_vectors(name):
            assert keys.dtype == np.int64
            assert chunk.dtype == stored[ids[0]].dtype
            assert np.array_equal(chunk, [stored[int(key)] for key in keys])
            order += keys.tolist()
        assert order == sorted(ids)
    assert list(store.all_vectors("hash")) == []


def test_all_vectors_are_those_of_one_moment(store: Store) -> None:
    ids = store.upsert([Entry(f"/{n}", vectors={"embedding": EYE[n]}) for n in range(4)])
    chunks = store.all_vectors("embedding")
    keys, _ = next(chunks)
    store.upsert([Entry("/new", vectors={"embedding": EYE[0]})])
    store.delete(ids[:1])
    assert [*keys.tolist(), *(key for keys, _ in chunks for key in keys)] == sorted(ids)


def test_what_lacks_a_vector_and_is_a_file(store: Store) -> None:
    vectors: dict[str, NDArray[np.generic]] = {"hash": WHOLE}
    ids = store.upsert(
        [
            Entry("id:0"),
            Entry("/1", modified_ns=5, vectors=vectors),
            Entry("/2", modified_ns=5),
            Entry("/3", modified_ns=0),
        ]
    )
    lacking, files = sorted([ids[0], *ids[2:]]), sorted(ids[2:])
    assert [record.id for record in store.missing("hash")] == lacking
    assert [record.id for record in store.missing("hash", limit=2)] == lacking[:2]
    assert [record.id for record in store.missing("hash", after=lacking[0])] == lacking[1:]
    assert [record.id for record in store.missing("hash", files_only=True)] == files
    after = store.missing("hash", after=files[0], files_only=True)
    assert [record.id for record in after] == files[1:]
    assert [record.id for record in store.missing("embedding")] == sorted(ids)
    store.upsert([Entry("id:0", vectors=vectors), Entry("/2", vectors=vectors)])
    assert [record.id for record in store.missing("hash")] == [ids[3]]


def test_the_nearer_of_two_hashes_counts(store: Store) -> None:
    def near(query: NDArray[np.uint8]) -> list[tuple[int, float]]:
        return [(one.id, one.distance) for one in store.within("hash", query, 8, 10)]

    first, second = store.upsert([FIRST, Entry("/2", vectors={"hash": WHOLE})])
    assert near(WHOLE) == [(key, 0) for key in sorted([first, second])]
    assert near(TRIMMED) == [(first, 0)]
    assert store.distances("hash", TRIMMED, [first, second]) == {first: 0, second: 16}
    found = store.trimmed("hash", [first, second, 999])
    assert {key: one.tolist() for key, one in found.items()} == {first: [0, 255]}
    assert store.trimmed("embedding", [first]) == {}
    store.upsert([replace(FIRST, trimmed={})])
    assert near(TRIMMED) == []
    assert store.trimmed("hash", [first]) == {}
    store.upsert([Entry("/1", trimmed={"hash": TRIMMED})])
    assert near(TRIMMED) == [(first, 0)]
    store.delete([first])
    assert near(TRIMMED) == []


def test_qualities_belong_to_their_hash(store: Store) -> None:
    first, second = store.upsert([FIRST, Entry("/2", vectors={"hash": WHOLE})])
    assert store.qualities("hash", [first, second, 999]) == {first: 50}
    store.upsert([Entry("/1", size=3), Entry("/2", vectors={"hash": WHOLE}, qualities={"hash": 0})])
    assert store.qualities("hash", [first, second]) == {first: 50, second: 0}
    store.upsert([Entry("/1", vectors={"hash": TRIMMED})])
    assert store.qualities("hash", [first, second]) == {second: 0}
    assert store.qualities("embedding", [first]) == {}


def test_an_encoder_that_is_not_there_is_named(store: Store) -> None:
    for ask in (
        lambda: store.vectors("sscd", [1]),
        lambda: list(store.all_vectors("sscd")),
        lambda: store.missing("sscd"),
        lambda: store.trimmed("sscd", [1]),
        lambda: store.qualities("sscd", [1]),
        lambda: store.nearest("sscd", EYE[0], 1),
        lambda: store.within("sscd", WHOLE, 1, 1),
        lambda: store.distances("sscd", EYE[0], [1]),
        lambda: store.projection("sscd"),
    ):
        with pytest.raises(UnknownEncoderError, match="no encoder 'sscd'"):
            ask()
