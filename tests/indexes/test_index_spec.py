"""Specs of indexes: read, written, checked."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import UsageError
from lookalike.indexes import KINDS, IndexSpec, Parameter
from lookalike.indexes.parameters import Value


def values_of(parameter: Parameter) -> st.SearchStrategy[Value]:
    if parameter.flag:
        return st.booleans()
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    if parameter.whole:
        return st.integers(int(parameter.low), int(parameter.high))
    return st.integers(int(parameter.low) * 4, int(parameter.high) * 4).map(lambda n: n / 4)


@st.composite
def specs(draw: st.DrawFn) -> IndexSpec:
    kind = draw(st.sampled_from(sorted(KINDS)))
    chosen = [
        {one.name: draw(values_of(one)) for one in parameters if draw(st.booleans())}
        for parameters in (KINDS[kind].build, KINDS[kind].search)
    ]
    return IndexSpec(kind, *chosen)


@given(specs())
def test_a_spec_is_read_again_as_it_was_written(spec: IndexSpec) -> None:
    assert IndexSpec.parse(str(spec)) == spec
    assert IndexSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    assert hash(IndexSpec.parse(str(spec))) == hash(spec)


def test_build_and_search_parameters_are_told_apart() -> None:
    spec = IndexSpec.parse(" hnsw: M=16, efConstruction=200 ,ef=128")
    assert spec.kind == "HNSW"
    assert dict(spec.build) == {"M": 16, "efConstruction": 200}
    assert dict(spec.search) == {"ef": 128}


def test_m_and_M_are_two_parameters() -> None:  # noqa: N802 - as Milvus names them
    assert dict(IndexSpec.parse("HNSW_PQ:M=32,m=8").build) == {"M": 32, "m": 8}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no index 'of an empty name'"),
        ("NONSENSE", "a folder has auto, FLAT, HNSW, BIN_FLAT"),
        (
            "HNSW:nlist=4",
            "HNSW has no parameter nlist; it takes M (a whole number from 2 to 2,048)",
        ),
        ("HNSW:M=1", "HNSW: M is a whole number from 2 to 2,048, not 1"),
        ("HNSW:M=2.5", "HNSW: M is a whole number"),
        ("HNSW:M=nan", "HNSW: M is a whole number"),
        ("HNSW:M", "write parameters as NAME=VALUE"),
        ("HNSW:", "write parameters as NAME=VALUE"),
        ("HNSW:M=4,M=8", "gives M twice"),
        ("HNSW_SQ:sq_type=SQ9", "sq_type is one of SQ6, SQ8, BF16, FP16, not SQ9"),
        ("HNSW_SQ:refine=yes", "refine is true or false, not yes"),
        ("auto:M=4", "the index auto takes no parameters"),
        ("FLAT:x=1", "FLAT has no parameter x; it takes none"),
    ],
)
def test_what_cannot_be_read_says_what_can(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        IndexSpec.parse(text)
    assert message in str(caught.value)


def test_a_spec_is_of_what_it_was_asked_as() -> None:
    made = IndexSpec.parse("HNSW:M=16,efConstruction=200,ef=128")
    assert made.is_of(IndexSpec())
    assert made.is_of(IndexSpec.parse("HNSW:M=16"))
    assert not made.is_of(IndexSpec.parse("HNSW:M=8"))
    assert not made.is_of(IndexSpec("FLAT"))
