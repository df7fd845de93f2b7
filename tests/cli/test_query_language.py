"""The query language, token by token."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.cli.query import folders, mark_kinds, parse
from lookalike.errors import UsageError
from lookalike.search import Term


@pytest.fixture(autouse=True)
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("cat.jpg", "dog.png", "night", "42"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "dress").mkdir()
    (tmp_path / "my folder").mkdir()
    (tmp_path / "my folder" / "a b.jpg").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def terms(*arguments: str) -> list[tuple[str, object, float]]:
    return [(t.kind, t.value, t.weight) for t in parse(mark_kinds(arguments))]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["cat.jpg"], [("image", "cat.jpg", 1)]),
        (["a cat at night"], [("text", "a cat at night", 1)]),
        (["red", "dress", "with", "flowers"], [("text", "red dress with flowers", 1)]),
        # A file's name among words is a word; alone it is the file.
        (["a", "cat", "at", "night"], [("text", "a cat at night", 1)]),
        (["night"], [("image", "night", 1)]),
        (["dress"], [("text", "dress", 1)]),
        (["cat.jpg", "dog.png"], [("image", "cat.jpg", 1), ("image", "dog.png", 1)]),
        (["cat.jpg", "at", "sea"], [("image", "cat.jpg", 1), ("text", "at sea", 1)]),
        (["at", "sea", "cat.jpg"], [("text", "at sea", 1), ("image", "cat.jpg", 1)]),
        (["my folder/a b.jpg"], [("image", "my folder/a b.jpg", 1)]),
        (["https://x.org/a"], [("image", "https://x.org/a", 1)]),
        (["HTTP://x.org/a"], [("image", "HTTP://x.org/a", 1)]),
        (
            ["cat.jpg", "+", "at night", "-", "people"],
            [("image", "cat.jpg", 1), ("text", "at night", 1), ("text", "people", -1)],
        ),
        (
            ["cat.jpg", "+", "0.5", "at night", "-", "2", "many", "people"],
            [("image", "cat.jpg", 1), ("text", "at night", 0.5), ("text", "many people", -2)],
        ),
        (["+", "0.7", "cat.jpg", "dog.png"], [("image", "cat.jpg", 0.7), ("image", "dog.png", 1)]),
        # A number is a weight only after a sign, and only before an operand.
        (["2", "dogs"], [("text", "2 dogs", 1)]),
        (["cat.jpg", "+", "2"], [("image", "cat.jpg", 1), ("text", "2", 1)]),
        (["cat.jpg", "+", "2 dogs"], [("image", "cat.jpg", 1), ("text", "2 dogs", 1)]),
        (["cat.jpg", "+", "nan", "dogs"], [("image", "cat.jpg", 1), ("text", "nan dogs", 1)]),
        # Forced, in front of one operand or behind all.
        (["--text", "cat.jpg"], [("text", "cat.jpg", 1)]),
        (["--text", "black/white", "dress"], [("text", "black/white dress", 1)]),
        (["cat.jpg", "--text"], [("text", "cat.jpg", 1)]),
        (["--text=cat.jpg"], [("text", "cat.jpg", 1)]),
        (["--image", "42"], [("image", "42", 1)]),
        (["--id", "17"], [("id", 17, 1)]),
        (["--id=17"], [("id", 17, 1)]),
        (["17", "18", "--id"], [("id", 17, 1), ("id", 18, 1)]),
        (["17"], [("text", "17", 1)]),
        (["42"], [("image", "42", 1)]),
        (["--id", "17", "-", "people"], [("id", 17, 1), ("text", "people", -1)]),
        (
            ["cat.jpg", "-", "0.5", "--id", "17"],
            [("image", "cat.jpg", 1), ("id", 17, -0.5)],
        ),
        (["--text", "cat.jpg", "+", "cat.jpg"], [("text", "cat.jpg", 1), ("image", "cat.jpg", 1)]),
        (["black/white dress"], [("text", "black/white dress", 1)]),
    ],
)
def test_parse(arguments: list[str], expected: list[tuple[str, object, float]]) -> None:
    assert terms(*arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["dress"], ["dress"]),
        (["cat.jpg", "+", "my", "folder"], ["my folder"]),
        (["red", "dress"], []),
        (["--text", "dress"], []),
        (["dress", "--text"], []),
        (["cat.jpg"], []),
    ],
)
def test_words_that_are_folders_too(arguments: list[str], expected: list[str]) -> None:
    tokens = mark_kinds(arguments)
    assert folders(tokens, parse(tokens)) == expected


def test_home_is_filled_in(pictures: Path) -> None:
    assert terms("~/cat.jpg") == [("image", str(pictures / "cat.jpg"), 1)]


@pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")
def test_the_uri_of_a_file_is_its_picture(pictures: Path) -> None:
    assert terms(f"file://{pictures}/cat.jpg") == [("image", f"{pictures}/cat.jpg", 1)]
    name = os.fsdecode(b"caf\xff?.jpg")
    try:
        (pictures / name).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system wants valid names")
    assert terms(f"file://{pictures}/caf%FF%3F.jpg") == [("image", f"{pictures}/{name}", 1)]


def test_standard_input_comes_first() -> None:
    assert parse(["at", "night"], b"jpeg") == [Term("image", b"jpeg"), Term("text", "at night")]
    assert parse([], b"jpeg") == [Term("image", b"jpeg")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "what shall be searched for"),
        ([""], "empty"),
        (["  "], "empty"),
        (["--text", ""], "empty"),
        (["gone.jpg"], "there is no file 'gone.jpg'.*--text"),
        (["a", "cat", "gone.JPG"], "there is no file 'gone.JPG'"),
        (["photos/cat"], "there is no file 'photos/cat'"),
        (["./cat"], "there is no file './cat'"),
        (["/my photos/cat"], "there is no file"),
        (["--image", "gone"], "there is no file"),
        (["--image", ""], "there is no file"),
        (["--image", "dress"], "is a folder"),
        (["./dress"], "is a folder.*--within"),
        (["ftp://x.org/a.jpg"], "only http and https"),
        (["cat.jpg", "+"], "nothing follows the '\\+'"),
        (["-"], "nothing follows the '-'"),
        (["+", "+", "cat.jpg"], "nothing follows the '\\+'"),
        (["-", "people"], "only takes away"),
        (["cat.jpg", "+", "0", "night"], "weight of 'night' is 0"),
        (["--id", "x"], "'x' is not a record's id"),
        (["--id", "1.5"], "not a record's id"),
        (["--id", str(2**63)], "not a record's id"),
        (["--id", "9" * 5000], "not a record's id"),
        (["--text", "+", "x"], "--text needs an operand"),
        (["--image", "--text", "x"], "--image needs an operand"),
        (["--id", "1", "--text"], "--text at the end"),
        (["cat.jpg", "--image", "42", "--image"], "--image at the end"),
        (["file:///gone/caf%FF.jpg"], "there is no file 'file:///gone/caf%FF.jpg'"),
        (["file:///a\udcff.jpg"], "there is no file"),
        (["file:///a%00.jpg"], "there is no file"),
        (["file://host/a.jpg"], "only http and https"),
    ],
)
def test_refuse(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        terms(*arguments)


def test_nothing_behind_two_dashes_is_an_option() -> None:
    assert mark_kinds(["--id", "7", "--", "--text"]) == ["\0id", "7", "--", "--text"]


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["+", "-", "--text", "--image", "--id", "0.5", "7", "cat.jpg", "a/b"]),
            st.text(st.characters(exclude_characters="\0"), max_size=8),
        ),
        max_size=8,
    )
)
def test_any_tokens_are_terms_or_a_usage_error(tokens: list[str]) -> None:
    try:
        found = parse(mark_kinds(tokens))
    except UsageError:
        return
    assert found
    assert any(term.weight > 0 for term in found)
    assert all(term.value != "" for term in found)
