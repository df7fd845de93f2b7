from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import UsageError
from lookalike.records import AttributeKind, Record
from lookalike.stores.milvus.filterable import attribute_column, set_column
from lookalike.stores.milvus.layout import MAX_JSON, MAX_TEXT
from lookalike.stores.milvus.rows import record_of, row_of

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
digests = st.none() | st.binary(min_size=16, max_size=16)
numbers = st.none() | st.integers(0, 2**62)
values = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts
attributes = st.dictionaries(texts.filter(str.strip), values | st.lists(values), max_size=4)


@given(
    st.builds(
        Record,
        id=st.integers(0, 2**63 - 1),
        uri=texts,
        tenant=texts,
        sha256=st.none() | st.binary(min_size=32, max_size=32),
        md5=digests,
        size=numbers,
        modified_ns=st.none() | st.integers(-(2**62), 2**62),
        width=numbers,
        height=numbers,
        format=st.none() | st.sampled_from(["jpeg", "png"]),
        attributes=attributes,
        added=st.floats(0, 1e10),
        updated=st.floats(0, 1e10),
        pixels=digests,
        border=st.none() | st.sampled_from(["black", "white"]),
        duplicate_of=numbers,
    )
)
def test_a_record_comes_back_as_it_was(record: Record) -> None:
    assert record_of(row_of(record, {})) == record


def test_declared_attributes_have_columns() -> None:
    declared: dict[str, AttributeKind] = {"price": "number", "colour": "text", "sale": "boolean"}
    row = row_of(Record(1, "a", attributes={"price": 3, "colour": "red"}), declared)
    assert row[attribute_column("price")] == 3.0
    assert row[attribute_column("colour")] == "red"
    assert [row[set_column(name)] for name in declared] == [True, True, False]
    assert record_of(row).attributes == {"price": 3, "colour": "red"}


@pytest.mark.parametrize(
    ("record", "named"),
    [
        (Record(1, "u" * (MAX_TEXT + 1)), "uuu"),
        (Record(1, "ü" * (MAX_TEXT // 2 + 1)), "üüü"),
        (Record(1, "a.jpg", tenant="t" * (MAX_TEXT + 1)), "a.jpg"),
        (Record(1, "a.jpg", attributes={"x": "y" * MAX_JSON}), "a.jpg"),
    ],
)
def test_what_a_server_cannot_keep_is_refused(record: Record, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        row_of(record, {})


def test_what_just_fits_is_taken() -> None:
    row_of(Record(1, "u" * MAX_TEXT), {})
    row_of(Record(1, "ü" * (MAX_TEXT // 2)), {})


@pytest.mark.parametrize("value", ["cheap", True, [1]])
def test_a_declared_attribute_of_another_kind_is_refused(value: Any) -> None:
    with pytest.raises(UsageError, match=r"a\.jpg: attribute price"):
        row_of(Record(1, "a.jpg", attributes={"price": value}), {"price": "number"})
