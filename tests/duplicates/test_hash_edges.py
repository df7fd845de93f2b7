"""Groups by hashes: exact, within a tenant, and however many edges there are."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from test_components import by_walking

from lookalike.duplicates import find, hashes
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

RADIUS = 8


def drawn(count: int) -> NDArray[np.uint8]:
    """Hashes of which many are equal, or a few bits from another."""
    random = np.random.default_rng(3)
    rows = random.integers(0, 256, (count, 8), np.uint8)
    for row in range(1, count, 2):
        bits = np.unpackbits(rows[random.integers(row)])
        bits[random.choice(64, random.integers(RADIUS + 3), replace=False)] ^= 1
        rows[row] = np.packbits(bits)
    return rows


def stored(folder: Path, rows: NDArray[np.uint8], tenants: list[str]) -> LocalStore:
    store = LocalStore.open(folder)
    store.add_encoder(EncoderSpec("phash", "hash", 64))
    store.upsert(
        [
            Entry(f"/{place}", tenant, vectors={"phash": row})
            for place, (row, tenant) in enumerate(zip(rows, tenants, strict=True))
        ]
    )
    return store


@pytest.mark.parametrize("most", [hashes.MOST, -590])
def test_groups_are_those_of_comparing_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    rows = drawn(600)
    tenants = [("", "ann", "ben")[place % 7 % 3] for place in range(600)]
    bits = np.bitwise_count(rows[:, None] ^ rows[None]).sum(axis=2)
    pairs = [
        (int(a), int(b))
        for a, b in np.argwhere(np.triu(bits <= RADIUS, 1))
        if tenants[a] == tenants[b]
    ]
    labels = by_walking(600, pairs)
    wanted = {frozenset(np.flatnonzero(np.array(labels) == one).tolist()) for one in set(labels)}
    monkeypatch.setattr(hashes, "MOST", most)
    with stored(tmp_path / "c", rows, tenants) as store:
        found = {frozenset(id_ - 1 for id_ in group.ids) for group in find(store)}
    assert found == {group for group in wanted if len(group) > 1}


def test_plain_areas_are_not_copies_of_each_other(tmp_path: Path) -> None:
    rows = np.zeros((5, 8), np.uint8)
    rows[:, 0] = [0, 1, 2, 3, 0]
    with stored(tmp_path / "c", rows, [""] * 5) as store:
        assert not find(store)
