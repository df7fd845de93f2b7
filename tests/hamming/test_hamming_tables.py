import numpy as np
import pytest

from lookalike.hamming import lookups
from lookalike.hamming.layout import distances, in_groups, spread
from lookalike.hamming.lookups import keys_within, thresholds
from lookalike.hamming.tables import Tables


def tables_of(bits, count, seed, clump=False):
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 256, (count, bits // 8), dtype=np.uint8)
    if clump:
        hashes[: count // 2, 1:] &= 3
    words = np.unique(spread(bits).words_of(hashes), axis=0)
    return Tables.build(spread(bits), words), words, rng


@pytest.mark.parametrize("bits", [8, 24, 32, 48, 64, 72, 128, 256])
@pytest.mark.parametrize("clump", [False, True])
@pytest.mark.parametrize("at_once", [64, 1 << 15])
def test_lookups_find_what_a_scan_finds(bits, clump, at_once, monkeypatch):
    monkeypatch.setattr(lookups, "_AT_ONCE", at_once)
    tables, words, rng = tables_of(bits, 4000, bits, clump)
    assert (tables.all_words() == words).all()
    chosen = rng.integers(0, len(words), 30)
    assert (tables.words_of(chosen) == words[chosen]).all()
    assert (tables.scan(words[9]) == distances(words, words[9][None])).all()
    for radius in [0, 1, 2, bits // 8, bits // 6]:
        most = thresholds(len(tables.keys), radius)
        queries = words[rng.integers(0, len(words), 5)]
        queries[1:] ^= np.uint64(1 << 40) | np.uint64(1 << 63)
        found = tables.within(queries, radius, most)
        if found is None:
            continue
        for number, query in enumerate(queries):
            bits_of = tables.scan(query)
            own = found[0] == number
            assert (found[1][own] == np.flatnonzero(bits_of <= radius)).all()
            assert (found[2][own] == bits_of[bits_of <= radius]).all()
    found = tables.within(words[:3], 0, thresholds(len(tables.keys), 0))
    assert found is not None
    assert found[1].tolist() == [0, 1, 2]


def test_lookups_give_up_where_a_scan_is_less_work():
    hashes = np.zeros((300_000, 8), np.uint8)
    numbers = np.arange(300_000)
    bits = np.arange(18)
    # All differ in one block only, so that each other block has one key.
    own = np.zeros((300_000, 64), np.uint8)
    own[:, bits * 3] = numbers[:, None] >> bits & 1
    hashes = np.packbits(own, axis=1)
    words = np.unique(spread(64).words_of(hashes), axis=0)
    tables = Tables.build(spread(64), words)
    assert tables.within(words[:1], 8, (2, 2, 2)) is None
    assert (tables.scan(words[5]) <= 8).any()


def test_thresholds_leave_no_way_to_miss():
    for blocks in range(1, 11):
        for radius in range(60):
            most = thresholds(blocks, radius)
            assert sum(bits + 1 for bits in most) == radius + 1
            assert max(most) - min(most) <= 1


def test_keys_within_are_all_there_once():
    for width in (1, 5, 9):
        for most in range(width + 1):
            wanted = [key for key in range(1 << width) if key.bit_count() <= most]
            assert sorted(keys_within(width, most).tolist()) == wanted


def test_a_layout_changes_no_distance():
    rng = np.random.default_rng(2)
    for bits in (8, 64, 72, 200, 256):
        hashes = rng.integers(0, 256, (50, bits // 8), dtype=np.uint8)
        apart = np.bitwise_count(hashes ^ hashes[0]).sum(axis=1)
        for layout in (spread(bits), in_groups(bits, (bits,))):
            words = layout.words_of(hashes)
            assert (distances(words, words[:1]) == apart).all()
            assert sorted(layout.order) == list(range(bits))
            assert sum(width for _, width in layout.blocks) == bits
