"""Path patterns: filled as `str.format` does, and no way to anything but columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import UsageError
from lookalike.sources.template import PathTemplate


def test_ids_keep_their_zeros_as_text_and_get_them_as_int() -> None:
    text = PathTemplate("images/{article_id:.3}/{article_id}.jpg")
    assert text.columns == ("article_id",)
    assert text.fill({"article_id": "0108775015"}) == "images/010/0108775015.jpg"
    number = PathTemplate("images/{article_id:010d}.jpg")
    assert number.fill({"article_id": 108775015}) == "images/0108775015.jpg"


def test_the_folder_is_what_comes_before_the_first_column() -> None:
    assert PathTemplate("a/b/x{id}.jpg").folder == "a/b"
    assert PathTemplate("{id}.jpg").folder == ""


@pytest.mark.parametrize(
    "pattern",
    [
        "{x.__class__}",
        "{x[0]}",
        "{x!r}",
        "{}",
        "{0.real}",
        "{x:{y}}",
        "{x:1000000000}",
        "{x:.99999999999999999999}",
        "{x:>0000000000001000000000}",
        "{x:>\u0661000000000}",
        "",
        "{x",
        "x}",
        "no column",
        "{{x}}",
    ],
)
def test_only_columns_and_formats_may_stand_in_braces(pattern: str) -> None:
    with pytest.raises(UsageError, match="path pattern"):
        PathTemplate(pattern)


def test_a_format_that_a_type_cannot_take_is_found_at_once() -> None:
    with pytest.raises(UsageError, match="declare id=int"):
        PathTemplate("{id:010d}").check({"id": "text"})
    PathTemplate("{id:010d}").check({"id": "int"})
    PathTemplate("{id:010d}").check({"id": ""})


@pytest.mark.parametrize("value", [None, "", [1], {"a": 1}, "x"])
def test_a_value_that_does_not_fit_says_which_column(value: object) -> None:
    with pytest.raises(ValueError, match="id"):
        PathTemplate("{id:03d}").fill({"id": value})


@given(st.text(), st.integers(0, 10**12))
def test_it_fills_as_str_format_does(text: str, number: int) -> None:
    pattern = "a/{text}/{number:06d}/{{}}.jpg"
    if text:
        expected = pattern.format(text=text, number=number)
        assert PathTemplate(pattern).fill({"text": text, "number": number}) == expected
