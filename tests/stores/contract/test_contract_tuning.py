"""Tuning an index of either store."""

from collections.abc import Callable

import numpy as np
from places import Place

from lookalike.indexes import IndexSpec
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.tuning import tune

SIZE = 16


def test_parameters_are_chosen_and_kept_and_nothing_is_left(
    new_place: Callable[[], Place],
) -> None:
    place = new_place()
    store = place.store
    vectors = np.random.default_rng(0).standard_normal((80, SIZE)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    store.add_encoder(EncoderSpec("e", "embedding", SIZE), None, IndexSpec.parse("HNSW:ef=300"))
    store.upsert([Entry(f"/{at}", vectors={"e": row}) for at, row in enumerate(vectors)])
    stages: set[str] = set()
    found = tune(
        store,
        count=10,
        limit=5,
        others=[IndexSpec("FLAT")],
        sample=1000,
        progress=lambda stage, done, total: stages.add(stage),
    )
    assert not found.applied
    assert store.index("e").search["ef"] == 300
    # So few are compared one by one on both stores.
    assert [step.recall["pictures"] for step in found.current.steps] == [1.0]
    assert found.current.vectors == 80
    assert [(one.index.kind, one.vectors) for one in found.others] == [("FLAT", 80)]
    assert {"draw queries", "compare pictures with all", "search HNSW", "copy a sample"} <= stages
    assert "searches by words were not measured" in found.advice[0]
    applied = tune(store, count=10, limit=5, apply=True)
    assert applied.applied
    assert store.index("e").search["ef"] == 8
    assert [spec.name for spec in store.encoders()] == ["e"]
