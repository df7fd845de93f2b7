"""Records and filters, drawn by hypothesis, that every store must agree upon."""

from hypothesis import strategies as st

from lookalike.filters import And, Comparison, Field, IsNull, Not, OneOf, Or
from lookalike.records import Record

TEXTS = st.one_of(
    st.sampled_from(
        ["", "a", "ab", "abc", "=", ":true", "B", "é", "🙂", '"', "\\", "%", "x" * 250]
    ),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6),
)
NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**53, 2**53 + 1, 2**63 - 1, -(2**63), 0.1, 0.5, -0.0, 1e300, 1e-7]),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.floats(-1e3, 1e3),
)
KEYS = st.sampled_from(["a", "b", "a.b", 'odd "key"', "né", "size", "_5f_", "_"])
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    LEAVES | st.lists(LEAVES, max_size=4),
    lambda inner: st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=4,
)
IDS = st.one_of(st.integers(0, 5), st.sampled_from([2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1]))
SMALL = st.none() | st.integers(0, 4)
RECORDS = st.builds(
    Record,
    id=IDS,
    uri=st.sampled_from(["/a/b/1", "/a/bc/2", "/a/b", "é/🙂"]) | TEXTS,
    tenant=st.sampled_from(["", "t", "tt"]),
    size=SMALL,
    modified_ns=st.none() | st.integers(0, 2**62),
    width=SMALL,
    height=SMALL,
    duplicate_of=SMALL,
    format=st.sampled_from([None, "jpeg", "png"]),
    attributes=st.dictionaries(KEYS, VALUES, max_size=4),
    added=st.floats(0, 2e9),
    updated=st.floats(0, 2e9),
)

ATTRIBUTE = st.builds(lambda path: Field(tuple(path)), st.lists(KEYS, min_size=1, max_size=3))
TEXT_FIELD = st.sampled_from([Field((n,), system=True) for n in ("uri", "tenant", "format")])
NUMBER_FIELD = st.sampled_from(
    [
        Field((n,), system=True)
        for n in ("size", "width", "height", "duplicate_of", "modified", "added", "updated")
    ]
)
ID_FIELD = st.just(Field(("id",), system=True))
ORDER = st.sampled_from(["==", "<", "<=", ">", ">="])
WORDS = st.sampled_from(["==", "startswith", "contains"])
FLOATS = NUMBERS.map(float)
CONDITIONS = st.one_of(
    st.builds(Comparison, ATTRIBUTE | NUMBER_FIELD, ORDER, FLOATS),
    st.builds(Comparison, ATTRIBUTE | TEXT_FIELD, WORDS, TEXTS),
    st.builds(Comparison, ATTRIBUTE, st.just("=="), st.booleans()),
    st.builds(Comparison, ID_FIELD, ORDER, IDS | st.integers(-2, 2)),
    st.builds(OneOf, ATTRIBUTE, st.lists(FLOATS | TEXTS | st.booleans(), max_size=4).map(tuple)),
    st.builds(OneOf, NUMBER_FIELD, st.lists(FLOATS, max_size=3).map(tuple)),
    st.builds(OneOf, TEXT_FIELD, st.lists(TEXTS, max_size=3).map(tuple)),
    st.builds(OneOf, ID_FIELD, st.lists(IDS, max_size=3).map(tuple)),
    st.builds(IsNull, ATTRIBUTE | NUMBER_FIELD | TEXT_FIELD | ID_FIELD),
)
FILTERS = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=5,
)
