import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lookalike.stores.milvus.layout import Column, Type
from lookalike.stores.milvus.packing import field_data, nothing, values_of

pytest.importorskip("pymilvus")


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(0, 40), st.just(7)),
        elements=st.floats(-1, 1, width=32),
    )
)
def test_floats_come_back_as_they_were(rows: np.ndarray) -> None:
    packed = field_data(Column("vector", Type.FLOAT_VECTOR, 7), rows)
    assert list(packed.vectors.float_vector.data) == rows.ravel().tolist()
    assert np.array_equal(values_of(packed), rows)


def test_rows_that_do_not_lie_in_order_in_memory() -> None:
    rows = np.arange(12, dtype=np.float64).reshape(3, 4).T
    packed = field_data(Column("vector", Type.FLOAT_VECTOR, 3), rows)
    assert np.array_equal(values_of(packed), rows)


def test_bits_come_back_as_they_were() -> None:
    rows = np.arange(24, dtype=np.uint8).reshape(3, 8)
    assert np.array_equal(
        values_of(field_data(Column("vector", Type.BINARY_VECTOR, 64), rows)), rows
    )
    assert nothing(3).shape == (3, 1)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Type.BOOL, [True, False]),
        (Type.INT64, [-(2**63), 2**63 - 1]),
        (Type.DOUBLE, [0.1, -2.5]),
        (Type.VARCHAR, ["", "ä\n"]),
        (Type.JSON, [b"{}", b'{"a":1}']),
    ],
)
def test_scalars_come_back_as_they_were(kind: Type, values: list[object]) -> None:
    assert values_of(field_data(Column("x", kind, 10), values)) == values
