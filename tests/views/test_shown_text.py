"""Names, sizes and times as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.views.text import milliseconds, name_of, printable, shorten, size, value_of


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain äé日本 ½.jpg", "plain äé日本 ½.jpg"),
        ("Screenshot at 3.04\u202fPM.png", "Screenshot at 3.04\u202fPM.png"),
        ("👨\u200d👩\u200d👧.jpg", "👨\u200d👩\u200d👧.jpg"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\u2028", "\\u2028"),
        ("\udcff.jpg", "\\udcff.jpg"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_printable_is_one_line_of_utf8(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown
    shown.encode()


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("/a/b/cat.jpg", "cat.jpg"),
        ("file:///a/%FFcat.jpg", "�cat.jpg"),
        ("https://example.org/a/b%20c.jpg?size=2#x", "b c.jpg"),
        ("https://example.org/", "example.org"),
        ("https://example.org/photos/", "photos"),
        ("id:7", "id:7"),
        ("/", "/"),
        ("https://[", "https://["),
    ],
)
def test_name_of(uri: str, name: str) -> None:
    assert name_of(uri) == name


@given(st.text())
def test_name_of_anything(uri: str) -> None:
    name_of(uri).encode()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("red", "red"),
        (12.5, "12.5"),
        (True, "true"),
        (None, "null"),
        (["a\n", 1], "a\\n, 1"),
        ({"m": "ü", "n": None}, '{"m": "ü", "n": null}'),
        ([{"m": True}], '{"m": true}'),
    ],
)
def test_value_of(value: object, shown: str) -> None:
    assert value_of(value) == shown


@given(st.text(max_size=40), st.integers(1, 30))
def test_shorten(text: str, length: int) -> None:
    short = shorten(text, length)
    assert len(short) <= length
    assert short == text or "…" in short


def test_shorten_keeps_the_suffix() -> None:
    assert shorten("a-very-long-name-of-a-file.jpg", 16) == "a-very-lon…e.jpg"


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (89_632_703, "85.5 MiB"),
        (150 * 2**20, "150 MiB"),
        (3 * 2**30, "3.0 GiB"),
        (5 * 2**40, "5.0 TiB"),
    ],
)
def test_size(count: int, shown: str) -> None:
    assert size(count) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.04, "0.0 ms"), (0.4, "0.4 ms"), (31.4, "31 ms"), (2500, "2.5 s")]
)
def test_milliseconds(value: float, shown: str) -> None:
    assert milliseconds(value) == shown
