"""What the filter language understands, and how it complains."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import FilterError
from lookalike.filters import And, Comparison, Field, IsNull, Not, OneOf, Or, parse

PRICE = Field(("price",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("price == 3", Comparison(PRICE, "==", 3.0)),
        ("price = 3", Comparison(PRICE, "==", 3.0)),
        ("price != 3", Not(Comparison(PRICE, "==", 3.0))),
        ("price<-1.5e3", Comparison(PRICE, "<", -1500.0)),
        ("price in [1, 'a', true]", OneOf(PRICE, (1.0, "a", True))),
        ("price in (1, 2,)", OneOf(PRICE, (1.0, 2.0))),
        ("price not in []", Not(OneOf(PRICE, ()))),
        ("price is null", IsNull(PRICE)),
        ("price == null", IsNull(PRICE)),
        ("price IS NOT NULL", Not(IsNull(PRICE))),
        ("price startswith 'a'", Comparison(PRICE, "startswith", "a")),
        ("price Contains 'a'", Comparison(PRICE, "contains", "a")),
        ("sold == True", Comparison(Field(("sold",)), "==", True)),
        ("id == 9007199254740993", Comparison(Field(("id",), system=True), "==", 2**53 + 1)),
        ("size == 3", Comparison(Field(("size",), system=True), "==", 3.0)),
        ("attributes.size == 3", Comparison(Field(("size",)), "==", 3.0)),
        ("`size` == 3", Comparison(Field(("size",)), "==", 3.0)),
        ("size.x == 3", Comparison(Field(("size", "x")), "==", 3.0)),
        ("a.b.c == 3", Comparison(Field(("a", "b", "c")), "==", 3.0)),
        ("attributes.'odd \"key'.b == 3", Comparison(Field(('odd "key', "b")), "==", 3.0)),
        ("`a.b` == 3", Comparison(Field(("a.b",)), "==", 3.0)),
        ("attributes.in == 3", Comparison(Field(("in",)), "==", 3.0)),
        ("größe == 3", Comparison(Field(("größe",)), "==", 3.0)),
        (r'price == "a\"b\\c\n\u00e9\ud83d\ude42"', Comparison(PRICE, "==", 'a"b\\c\né🙂')),
        ("added > '1970-01-02'", Comparison(Field(("added",), system=True), ">", 86400.0)),
        (
            "modified <= '1970-01-01T02:00:00+02:00'",
            Comparison(Field(("modified",), system=True), "<=", 0.0),
        ),
        ("updated < 5", Comparison(Field(("updated",), system=True), "<", 5.0)),
    ],
)
def test_conditions(text: str, expected: object) -> None:
    assert parse(text) == expected


def test_and_binds_tighter_than_or_and_not_tightest() -> None:
    a, b, c = (Comparison(Field((name,)), "==", 1.0) for name in "abc")
    assert parse("a=1 or b=1 and not c=1") == Or((a, And((b, Not(c)))))
    assert parse("(a=1 or b=1) and c=1") == And((Or((a, b)), c))
    assert parse("NOT (a=1 AND b=1)") == Not(And((a, b)))
    assert parse("a=1\n  and\tb=1 and c=1") == And((a, b, c))


@pytest.mark.parametrize(
    ("text", "column", "complaint"),
    [
        ("price <", 7, "expected text in quotes, a number"),
        ("price ~ 3", 6, "expected an operator"),
        ("price < 'a'", 8, "text has no order here"),
        ("price < true", 8, "no order"),
        ("price < null", 8, "write `price is null`"),
        ("price in [null]", 10, "write `price is null`"),
        ("price == 'a", 9, "this quote is never closed"),
        ("price == 1 1", 11, "expected and, or, the end"),
        ("(price == 1", 11, "expected )"),
        ("price == 1)", 10, "expected the end"),
        ("price in [1", 11, "expected ]"),
        ("price startswith 3", 17, "needs text in quotes"),
        ("width startswith 'a'", 17, "`width` is a number"),
        ("width == 'a'", 9, "without quotes"),
        ("uri == 3", 7, "put the value in quotes"),
        ("uri == true", 7, "true and false do not fit"),
        ("id == 1.5", 6, "whole numbers"),
        ("id < 99999999999999999999", 5, "2^63"),
        ("price == 1e999", 9, "too large"),
        ("added > 'yesterday'", 8, "seconds since 1970"),
        (r"price == 'C:\qed'", 9, r"unknown escape \q"),
        (r"price == 'a\u0000'", 9, "no value can hold"),
        (r"price == 'a\ud800'", 9, "no value can hold"),
        ("== 3", 0, "expected a field name"),
    ],
)
def test_errors_show_the_place(text: str, column: int, complaint: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    first, shown, caret = str(caught.value).splitlines()
    assert complaint in first
    assert shown == f"  {text}"
    assert caret == f"  {' ' * column}^"


def test_long_texts_show_the_part_that_matters() -> None:
    text = "a == 1 and " * 20 + "b @ 3" + " and c == 2" * 20
    with pytest.raises(FilterError) as caught:
        parse(text)
    _, shown, caret = str(caught.value).splitlines()
    assert len(shown) < 80
    assert shown[caret.index("^")] == "@"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("(" * 5000 + "a==1" + ")" * 5000, "nests deeper"),
        ("not " * 5000 + "a==1", "nests deeper"),
        (" or ".join(["a==1"] * 5000), "more than 300 conditions"),
        (f"a in [{','.join('1' * 20_000)}]", "more than 10,000 values"),
        ("a == '" + "x" * 2_000_000 + "'", "characters"),
    ],
)
def test_input_without_measure_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(FilterError, match=complaint):
        parse(text)


@given(st.text() | st.text("abc.=<>!()[]'\"\\,`0 notrilkeudi-"))
def test_any_text_parses_or_is_refused_in_words(text: str) -> None:
    with contextlib.suppress(FilterError):
        parse(text)
