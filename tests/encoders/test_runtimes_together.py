import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.encoders.runtimes.together import MOST, Together, fitting
from lookalike.encoders.session import OutOfMemoryError


def test_as_many_as_fit_into_half_of_what_is_free():
    assert fitting(free=1000, each=50) == 10
    assert fitting(free=1000, each=501) == 1
    assert fitting(free=10, each=1000) == 1
    assert fitting(free=10**12, each=1) == MOST
    assert fitting(free=1000, each=0) == MOST
    assert fitting(free=1000, each=-4) == MOST


@given(st.integers(1, 70), st.integers(1, 80), st.integers(1, 40))
def test_halves_until_it_fits_and_loses_no_picture(count, size, room):
    runs = []

    def run(pictures):
        if len(pictures) > room:
            raise OutOfMemoryError("failed to allocate memory")
        runs.append(len(pictures))
        return np.stack(pictures) * 2

    together = Together(run, size)
    pictures = [np.full((2, 3), i, np.float32) for i in range(count)]
    np.testing.assert_array_equal(together(pictures), np.stack(pictures) * 2)
    assert sum(runs) == count
    assert max(runs) <= min(size, room)
    # What did not fit once is not tried again.
    before = len(runs)
    together(pictures)
    assert len(runs) - before == -(-count // min(together.size, count))


def test_no_room_for_one_picture():
    def run(pictures):
        raise OutOfMemoryError("CUDA failure 2: out of memory")

    with pytest.raises(OutOfMemoryError, match="out of memory"):
        Together(run, 8)([np.zeros(1)] * 9)
