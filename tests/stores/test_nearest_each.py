"""Several queries at once answer as each of them alone."""

from pathlib import Path

import numpy as np
import pytest

from lookalike.filters import parse
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

DIM = 16


@pytest.mark.parametrize("read_only", [False, True])
def test_several_queries_answer_as_each_alone(tmp_path: Path, read_only: bool) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((300, DIM), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[100:200] = vectors[0]  # ties, by id
    with LocalStore.open(tmp_path / "store") as store:
        store.add_encoder(EncoderSpec("e", "embedding", DIM))
        store.upsert(
            [
                Entry(f"id:{n}", attributes={"n": n}, vectors={"e": vector})
                for n, vector in enumerate(vectors)
            ]
        )
    queries, limits = vectors[[0, 250, 299]], [120, 5, 1]
    with LocalStore.open(tmp_path / "store", read_only=read_only) as store:
        for where in (None, parse("n >= 150")):
            alone = [
                store.nearest("e", query, limit, where=where)
                for query, limit in zip(queries, limits, strict=True)
            ]
            assert store.nearest_each("e", queries, limits, where=where) == alone
            assert [len(found) for found in alone] == limits
        nothing = parse("n < 0")
        assert store.nearest_each("e", queries, limits, where=nothing) == [[], [], []]
        assert store.nearest_each("e", queries[:0], [], where=None) == []
