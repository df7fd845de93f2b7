"""Store.encoders and add_encoder, and what stays when a store is closed and opened."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from places import EMBEDDING, HASH, PDQ, Place

from lookalike.errors import UsageError
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry

EYE = np.eye(4, dtype=np.float32)


def test_encoders_are_listed_as_they_were_added_and_stay_apart(
    new_place: Callable[[], Place],
) -> None:
    place = new_place()
    store = place.store
    assert store.encoders() == ()
    (early,) = store.upsert([Entry("/early")])
    names = ["z-1", "z.1", "z_1", "é/ü", "Z-1"]
    specs = [EncoderSpec(name, "embedding", 4, "f") for name in names]
    for spec in specs:
        store.add_encoder(spec)
        store.add_encoder(spec)
    vectors = {name: EYE[n % 4] for n, name in enumerate(names)}
    (key,) = store.upsert([Entry("/1", vectors=vectors)])
    for again in (False, True):
        one = place.reopen() if again else store
        assert one.encoders() == tuple(specs)
        for name, vector in vectors.items():
            assert one.vectors(name, [early, key])[key] == pytest.approx(vector)
            assert [near.id for near in one.nearest(name, vector, 3)] == [key]
            assert [record.id for record in one.missing(name)] == [early]


@pytest.mark.parametrize(
    "other",
    [
        replace(EMBEDDING, size=8),
        replace(EMBEDDING, fingerprint="f2"),
        replace(EMBEDDING, kind="hash", size=8),
        replace(HASH, size=24),
    ],
)
def test_another_encoder_of_that_name_is_refused(place: Place, other: EncoderSpec) -> None:
    with pytest.raises(UsageError, match="vectors cannot be compared"):
        place.store.add_encoder(other)
    assert place.store.encoders() == (EMBEDDING, HASH, PDQ)


@pytest.mark.parametrize(
    "spec",
    [
        EncoderSpec("new", "hash", 12),
        EncoderSpec("new", "embedding", 0),
        EncoderSpec("new", "words", 8),  # type: ignore[arg-type]
    ],
)
def test_what_no_store_can_keep_is_refused(place: Place, spec: EncoderSpec) -> None:
    with pytest.raises(UsageError, match="cannot be stored"):
        place.store.add_encoder(spec)
    assert place.reopen().encoders() == (EMBEDDING, HASH, PDQ)
