from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.errors import UsageError
from lookalike.hamming.segments import SegmentIndex, equal_segments, recall


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    cut=st.sampled_from(
        [(64, 8, 6), (64, 16, 13), (64, 4, 2), (128, 8, 6), (256, 2, 1), (40, 5, 5)]
    ),
    count=st.sampled_from([3, 500, 40_000]),
)
def test_matches_are_those_of_comparing_all(seed, cut, count):
    bits, segments, minimum = cut
    rng = np.random.default_rng(seed)
    middle = rng.integers(0, 256, bits // 8, dtype=np.uint8)
    hashes = np.repeat(middle[None], count, axis=0)
    for _ in range(3):
        places = rng.integers(0, bits // 8, count)
        hashes[np.arange(count), places] ^= rng.integers(0, 256, count, dtype=np.uint8)
    hashes[count // 2 :] = rng.integers(0, 256, hashes[count // 2 :].shape, dtype=np.uint8)
    index = SegmentIndex.build(hashes, np.arange(count) * 2, segments, minimum)
    index.remove(np.array([4]))
    assert len(index) == count - (count > 2)
    differ = np.unpackbits(hashes ^ middle, axis=1).reshape(count, segments, -1)
    matching = (~differ.any(axis=2)).sum(axis=1) >= minimum
    wanted = sorted(
        (int(differ[row].sum()), row * 2) for row in np.flatnonzero(matching).tolist() if row != 2
    )
    found = index.matching(middle)
    assert list(zip(found.distances.tolist(), found.ids.tolist(), strict=True)) == wanted
    some = index.matching(middle, limit=3, keep=lambda ids: ids % 4 == 0)
    assert some.ids.tolist() == [key for _, key in wanted if key % 4 == 0][:3]


def test_six_of_eight_is_sure_up_to_two_bits_and_admits_sixteen():
    one = np.arange(8, dtype=np.uint8)
    assert recall(64, 8, 6, 2) == 1.0
    assert recall(64, 8, 6, 3) < 1.0
    assert recall(64, 8, 6, 16) > 0.0
    assert recall(64, 8, 6, 17) == 0.0
    far = one.copy()
    far[:2] ^= 255
    assert equal_segments(one, far) == 6
    near = one.copy()
    near[:3] ^= 1
    assert equal_segments(one, near) == 5
    index = SegmentIndex.build(np.stack([one, far, near]))
    assert index.matching(one).ids.tolist() == [0, 1]


@pytest.mark.parametrize(("bits", "segments", "minimum"), [(16, 4, 2), (16, 8, 6), (8, 2, 2)])
def test_recall_is_the_share_of_all_ways_to_differ(bits, segments, minimum):
    for distance in range(bits // 2 + 1):
        ways = list(combinations(range(bits), distance))
        hit = [len({place // (bits // segments) for place in way}) for way in ways]
        share = np.mean([segments - count >= minimum for count in hit])
        assert recall(bits, segments, minimum, distance) == pytest.approx(share)


@pytest.mark.parametrize(
    "call",
    [
        lambda: SegmentIndex(64, 7, 6),
        lambda: SegmentIndex(64, 0, 0),
        lambda: SegmentIndex(64, 8, 9),
        lambda: SegmentIndex(64, 8, 0),
        lambda: recall(64, 8, 6, 65),
    ],
)
def test_what_cannot_be_cut_is_refused(call):
    with pytest.raises(UsageError, match=r"\d"):
        call()
