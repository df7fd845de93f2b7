import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookalike.errors import UsageError
from lookalike.hamming import Found, HammingIndex, join, state


def near_each_other(rng, count, bits, centres, flips):
    """Hashes around a few centres, so that all distances occur and some are equal."""
    middle = rng.integers(0, 256, (centres, bits // 8), dtype=np.uint8)
    hashes = np.unpackbits(middle[rng.integers(0, centres, count)], axis=1)
    for row in hashes:
        row[rng.integers(0, bits, rng.integers(0, flips + 1))] ^= 1
    return np.packbits(hashes, axis=1)


def expected(hashes, ids, query, radius):
    bits = np.bitwise_count(hashes ^ query).sum(axis=1)
    best = {}
    for key, distance in zip(ids.tolist(), bits.tolist(), strict=True):
        if distance <= radius:
            best[key] = min(distance, best.get(key, 999))
    return sorted((distance, key) for key, distance in best.items())


def answered(found: Found):
    assert found.ids.dtype == np.int64
    assert found.distances.dtype == np.uint16
    return list(zip(found.distances.tolist(), found.ids.tolist(), strict=True))


@pytest.mark.parametrize("bits", [8, 16, 40, 64, 72, 128, 256])
@pytest.mark.parametrize("count", [1, 100, 70_000])
def test_every_radius_and_limit_agrees_with_comparing_all(bits, count):
    rng = np.random.default_rng(bits + count)
    hashes = rng.integers(0, 256, (count, bits // 8), dtype=np.uint8)
    index = HammingIndex.build(hashes)
    assert index.bits == bits
    assert len(index) == count
    ids = np.arange(count)
    for radius in [0, 1, 2, 3, bits // 8, bits // 6, bits // 4, bits, bits + 5]:
        query = hashes[rng.integers(count)].copy()
        flips = np.unpackbits(query)
        flips[rng.permutation(bits)[: min(radius, bits // 4)]] ^= 1
        query = np.packbits(flips)
        wanted = expected(hashes, ids, query, radius)
        assert answered(index.within(query, radius)) == wanted
        assert answered(index.within(query, radius, limit=7)) == wanted[:7]
        assert answered(index.within(query, radius, limit=0)) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    bits=st.sampled_from([64, 128, 256]),
    rows=st.sampled_from([5, 60, 400]),
    most=st.integers(0, 40),
    limit=st.sampled_from([None, 1, 3, 50]),
    fresh=st.sampled_from([8, 64]),
    negative=st.booleans(),
)
def test_changes_agree_with_comparing_all(seed, bits, rows, most, limit, fresh, negative):
    """Adds, removes, merges, ids with several hashes and equal hashes, in any order."""
    rng = np.random.default_rng(seed)
    radius = int(rng.integers(0, most + 1))
    hashes = np.empty((0, bits // 8), np.uint8)
    ids = np.empty(0, np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(state, "FRESH", fresh)
        index = HammingIndex.empty(bits)
        for _ in range(int(rng.integers(1, 7))):
            count = int(rng.integers(0, rows))
            more = near_each_other(rng, count, bits, 3, 6)
            own = rng.integers(-rows if negative else 0, 3 * rows, count)
            if rng.integers(2):
                own = np.arange(count) + (ids.max() + 1 if len(ids) else 0)
            index.add(more, own)
            hashes, ids = np.concatenate([hashes, more]), np.concatenate([ids, own])
            gone = rng.choice(np.append(ids, 7), int(rng.integers(0, 5)))
            if rng.integers(4) == 0:
                gone = ids[:: int(rng.integers(1, 4))]
            index.remove(gone)
            left = ~np.isin(ids, gone)
            hashes, ids = hashes[left], ids[left]
            assert len(index) == len(ids)
            queries = near_each_other(rng, 3, bits, 3, 6)
            queries = np.concatenate([queries, hashes[:2]])
            wanted = [expected(hashes, ids, query, radius)[:limit] for query in queries]
            assert [answered(index.within(q, radius, limit=limit)) for q in queries] == wanted
            many = index.within_many(queries, radius, limit=limit)
            assert list(map(answered, many)) == wanted
    check_pairs(index, hashes, ids, radius)


def check_pairs(index, hashes, ids, radius):
    """The pairs are true ones, and make the groups that all true ones make."""
    found = list(index.pairs(radius))
    a = np.concatenate([np.empty(0, np.int64), *(chunk[0] for chunk in found)])
    b = np.concatenate([np.empty(0, np.int64), *(chunk[1] for chunk in found)])
    bits = np.concatenate([np.empty(0, np.uint16), *(chunk[2] for chunk in found)])
    assert (a < b).all()
    apart = np.bitwise_count(hashes[:, None] ^ hashes[None]).sum(axis=2)
    near = {}
    for i, j in np.argwhere(apart <= radius).tolist():
        if ids[i] < ids[j]:
            near.setdefault((int(ids[i]), int(ids[j])), set()).add(int(apart[i, j]))
    for one, other, distance in zip(a.tolist(), b.tolist(), bits.tolist(), strict=True):
        assert distance in near[one, other]
    assert groups(zip(a.tolist(), b.tolist(), strict=True)) == groups(near)


def groups(pairs):
    group = {}
    for a, b in pairs:
        merged = group.get(a, {a}) | group.get(b, {b})
        for key in merged:
            group[key] = merged
    return {frozenset(some) for some in group.values()}


@pytest.mark.parametrize(("bits", "radius"), [(64, 4), (64, 9), (64, 30), (128, 9), (256, 20)])
@pytest.mark.parametrize("chunk", [1000, join._CHUNK])
def test_pairs_of_many_hashes_are_all_there(bits, radius, chunk, monkeypatch):
    monkeypatch.setattr(join, "_CHUNK", chunk)
    rng = np.random.default_rng(radius)
    hashes = rng.integers(0, 256, (2000, bits // 8), dtype=np.uint8)
    check_all_pairs(hashes, radius, rng)


@pytest.mark.parametrize("alike", [1, 2, 5])
@pytest.mark.parametrize(
    ("bits", "radius", "depth"),
    [
        *((bits, radius, 1) for bits, radius in [(16, 2), (64, 5), (64, 9), (128, 7), (256, 7)]),
        *((bits, radius, 3) for bits, radius in [(16, 2), (64, 5), (64, 9)]),
        *((bits, 7, 2) for bits in (128, 256)),  # deeper takes seconds
    ],
)
def test_pairs_among_hashes_that_are_alike_in_a_block_are_all_there(
    alike, bits, radius, depth, monkeypatch
):
    for name, value in (("_CROWD", 40), ("_CROWD_PAIRS", 100), ("_DEPTH", depth), ("_PAIR_NS", 99)):
        monkeypatch.setattr(join, name, value)
    rng = np.random.default_rng(alike)
    hashes = np.unpackbits(rng.integers(0, 256, (1200, bits // 8), dtype=np.uint8), axis=1)
    for crowd, same in ((hashes[:400], 3), (hashes[400:650], 1)):
        crowd[:, ::same] = crowd[0, ::same]
        crowd[:, :: alike + 1] ^= rng.random(crowd[:, :: alike + 1].shape) < 0.02
    check_all_pairs(np.packbits(hashes, axis=1), radius, rng)


def check_all_pairs(hashes, radius, rng):
    """Each pair of different hashes, some of them planted near others, is there once."""
    bits = hashes.shape[1] * 8
    planted = np.unpackbits(hashes[:500], axis=1)
    for row in planted:
        row[rng.permutation(bits)[: rng.integers(0, radius + 3)]] ^= 1
    hashes = np.concatenate([hashes, np.packbits(planted, axis=1)])
    order = rng.permutation(len(hashes))
    hashes, ids = hashes[order], order
    _, first = np.unique(hashes, axis=0, return_index=True)
    hashes, ids = hashes[first], ids[first]
    got = [np.empty((3, 0), np.int64)]
    for chunk in HammingIndex.build(hashes, ids).pairs(radius):
        got.append(np.stack(chunk).astype(np.int64))
    wanted = [np.empty((3, 0), np.int64)]
    for place in range(len(ids)):
        apart = np.bitwise_count(hashes[place + 1 :] ^ hashes[place]).sum(axis=1)
        rows = np.flatnonzero(apart <= radius)
        others = ids[place + 1 + rows]
        own = np.full(len(rows), ids[place])
        wanted.append(np.stack([np.minimum(own, others), np.maximum(own, others), apart[rows]]))
    assert ordered(np.concatenate(got, axis=1)) == ordered(np.concatenate(wanted, axis=1))


def ordered(pairs):
    """Columns in order, as bytes: many are compared fast, and one that is there twice shows."""
    return pairs[:, np.lexsort(pairs)].astype(np.int64).tobytes()


def test_equal_hashes_make_one_pair_each():
    hashes = np.zeros((2000, 8), np.uint8)
    hashes[1000:, 0] = 1
    chunks = list(HammingIndex.build(hashes).pairs(1))
    a = np.concatenate([chunk[0] for chunk in chunks])
    assert len(a) == 999 + 999 + 1
    assert set(a.tolist()) == {0, 1000}


def test_equal_hashes_cost_no_more_than_the_limit_needs():
    rng = np.random.default_rng(5)
    hashes = rng.integers(0, 256, (50_000, 8), dtype=np.uint8)
    hashes[::2] = hashes[0]
    index = HammingIndex.build(hashes)
    asked = []

    def odd_thousands(ids):
        asked.append(len(ids))
        return ids % 1000 == 500

    found = index.within(hashes[0], 8, limit=4, keep=odd_thousands)
    assert answered(found) == [(0, 500), (0, 1500), (0, 2500), (0, 3500)]
    assert sum(asked) < 10_000
    assert len(index.within(hashes[0], 0)) == 25_000


def test_keep_is_asked_until_there_are_enough():
    hashes = np.arange(256, dtype=np.uint8)[:, None].repeat(2, axis=1)
    index = HammingIndex.build(hashes, np.arange(256) * 10)
    found = index.within(hashes[0], 16, limit=3, keep=lambda ids: ids >= 1280)
    assert answered(found) == [(2, 1280), (4, 1290), (4, 1300)]
    assert answered(index.within(hashes[0], 16, keep=lambda ids: ids < 0)) == []


def test_an_id_with_several_hashes_is_found_once_at_its_nearest():
    hashes = np.array([[0] * 8, [1] + [0] * 7, [3] + [0] * 7], np.uint8)
    index = HammingIndex.build(hashes, np.array([4, 9, 4]))
    assert answered(index.within(hashes[2], 2)) == [(0, 4), (1, 9)]
    assert answered(index.within(hashes[1], 2)) == [(0, 9), (1, 4)]
    index.remove(np.array([4]))
    assert answered(index.within(hashes[1], 2)) == [(0, 9)]
    assert len(index) == 1


def test_searches_go_on_while_another_thread_writes(monkeypatch):
    monkeypatch.setattr(state, "FRESH", 256)
    rng = np.random.default_rng(3)
    fixed = rng.integers(0, 256, (500, 8), dtype=np.uint8)
    index = HammingIndex.build(fixed)
    wrong = []
    done = threading.Event()

    def search():
        while not done.is_set():
            for row in range(0, 500, 50):
                if answered(index.within(fixed[row], 0)) != [(0, row)]:
                    wrong.append(row)

    searcher = threading.Thread(target=search)
    searcher.start()
    for step in range(60):
        ids = np.arange(100) + 1000 + 100 * step
        index.add(rng.integers(0, 256, (100, 8), dtype=np.uint8), ids)
        index.remove(ids[::2])
    done.set()
    searcher.join()
    assert wrong == []
    assert len(index) == 500 + 60 * 50


@pytest.mark.parametrize(
    "call",
    [
        lambda: HammingIndex.build(np.zeros((3, 8), np.int8)),
        lambda: HammingIndex.build(np.zeros((3, 0), np.uint8)),
        lambda: HammingIndex.build(np.zeros((3, 33), np.uint8)),
        lambda: HammingIndex.build(np.zeros((3, 8), np.uint8), np.arange(2)),
        lambda: HammingIndex.build(np.zeros((3, 8), np.uint8), np.zeros(3)),
        lambda: HammingIndex.empty(60),
        lambda: HammingIndex.empty(0),
        lambda: HammingIndex.empty(64).within(np.zeros(9, np.uint8), 3),
        lambda: HammingIndex.empty(64).within(np.zeros(8, np.uint8), -1),
        lambda: HammingIndex.empty(64).within(np.zeros(8, np.uint8), 1, limit=-1),
        lambda: HammingIndex.empty(64).pairs(-1),
        lambda: HammingIndex.empty(64).add(np.zeros((2, 16), np.uint8), np.arange(2)),
        lambda: HammingIndex.empty(64).remove(np.zeros(2)),
    ],
)
def test_wrong_arguments_are_refused_in_words(call):
    with pytest.raises(UsageError, match=r"\w+ .*\d|integers"):
        call()


def test_an_empty_index_answers():
    index = HammingIndex.empty(64)
    assert len(index) == 0
    assert answered(index.within(np.zeros(8, np.uint8), 64)) == []
    assert list(index.pairs(8)) == []


def test_replacing_is_one_step_for_those_who_search():
    rng = np.random.default_rng(4)
    hashes = rng.integers(0, 256, (200, 8), dtype=np.uint8)
    index = HammingIndex.build(hashes)
    seen = set()
    done = threading.Event()

    def search():
        while not done.is_set():
            seen.add(len(index.within(hashes[3], 0)))

    searcher = threading.Thread(target=search)
    searcher.start()
    for _ in range(300):
        index.replace(np.array([3]), hashes[3:4], np.array([3]))
    done.set()
    searcher.join()
    assert seen == {1}
    assert len(index) == 200


def test_a_copy_goes_its_own_way():
    hashes = np.random.default_rng(7).integers(0, 256, (100, 16), dtype=np.uint8)
    index = HammingIndex.build(hashes[:50])
    other = index.copy()
    index.add(hashes[50:60], np.arange(50, 60))
    other.add(hashes[60:70], np.arange(60, 70))
    other.remove(np.arange(5))
    assert (len(index), len(other)) == (60, 55)
    for one, last in ((index, 55), (other, 65)):
        assert one.within(hashes[last], 0).ids.tolist() == [last]
        rows, ids = one.rows()
        order = np.argsort(ids)
        assert (rows[order] == hashes[ids[order]]).all()
