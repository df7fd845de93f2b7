import numpy as np
import pytest

from lookalike.errors import UsageError
from lookalike.external import check_ids, check_rows, unit_rows


def test_ids_become_int64():
    checked = check_ids([3, 1, 2**63 - 1])
    assert checked.dtype == np.int64
    assert checked.tolist() == [3, 1, 2**63 - 1]


def test_no_ids():
    assert check_ids([]).shape == (0,)


@pytest.mark.parametrize(
    ("ids", "why"),
    [
        ([1, 2, 1], "id 1 is given more than once"),
        ([-1], "not be negative"),
        ([1.5], "list of integers"),
        (["a"], "list of integers"),
        ([[1, 2]], "list of integers"),
        (np.array([2**63], np.uint64), "63 bits"),
    ],
)
def test_bad_ids(ids, why):
    with pytest.raises(UsageError, match=why):
        check_ids(ids)


def test_rows_get_unit_length():
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, -2.0]]))
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0.0, -1.0]], rtol=1e-6)


def test_integers_and_half_precision_are_vectors_too():
    np.testing.assert_allclose(unit_rows(np.array([[0, 5]])), [[0, 1]])
    np.testing.assert_allclose(unit_rows(np.array([[2, 0]], np.float16)), [[1, 0]])


@pytest.mark.parametrize("bad", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_bad_row_is_named(bad):
    with pytest.raises(UsageError, match="vector 101 is zero or not finite"):
        unit_rows(np.array([[1.0, 0.0], bad]), first=100)


@pytest.mark.parametrize("far", [1e-30, 1e30, 1e37])
def test_any_length_of_single_precision_is_fine(far):
    np.testing.assert_allclose(unit_rows(np.array([[3 * far, 4 * far]])), [[0.6, 0.8]], rtol=1e-6)


def test_rows_are_checked():
    assert check_rows([[1, 2], [3, 4]]).shape == (2, 2)
    assert check_rows([]).shape == (0, 0)
    for bad in ([1.0, 2.0], [[1], [1, 2]], [["a"]], np.ones((1, 2), complex)):
        with pytest.raises(UsageError, match="shape"):
            check_rows(bad)
