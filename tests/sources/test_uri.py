import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lookalike.filters import uri_within
from lookalike.records import Record
from lookalike.sources.uri import from_path, is_url, to_path

names = st.binary(min_size=1, max_size=40).filter(
    lambda name: not {b"/", b"\0"} & {bytes([b]) for b in name} and name not in {b".", b".."}
)


@given(st.lists(names, min_size=1, max_size=5))
@example([b"caf\xc3\xa9.jpg"])
@example([b"caf\xe9.jpg"])
@example([b"%2e%2e", b"file:", b"http:", b" "])
@example([b"\xed\xb3\xa9"])
def test_any_name_comes_back(parts):
    path = os.fsdecode(b"/" + b"/".join(parts))
    uri = from_path(path)
    uri.encode("utf-8")
    assert os.fspath(to_path(uri)) == path


@given(names, names)
def test_two_names_are_two_uris(one, other):
    uris = {from_path(os.fsdecode(b"/" + name)) for name in (one, other)}
    assert len(uris) == len({one, other})


@given(st.lists(names, min_size=1, max_size=3), names, names)
def test_filter_finds_what_lies_within(folder, inside, outside):
    top = os.fsdecode(b"/" + b"/".join(folder))
    where = uri_within(from_path(top))
    assert where.matches(Record(1, from_path(os.path.join(top, os.fsdecode(inside)))))
    assert not where.matches(Record(1, from_path(top + os.fsdecode(outside))))


def test_utf8_stays_readable():
    assert from_path("/photos/née à l'été.jpg") == "/photos/née à l'été.jpg"


def test_other_bytes_are_encoded():
    assert from_path(os.fsdecode(b"/photos/caf\xe9 1.jpg")) == "file:///photos/caf%E9%201.jpg"


def test_relative_path_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert from_path("a/../b.jpg") == str(tmp_path / "b.jpg")


@pytest.mark.parametrize("uri", ["https://a.org/b.jpg", "HTTP://a.org", "sha256:12", "id:1", "a"])
def test_no_path(uri):
    assert to_path(uri) is None


def test_file_uri_of_another_hand():
    assert to_path("file:///photos/a%20b.jpg") == Path("/photos/a b.jpg")


def test_is_url():
    assert is_url("HTTPS://a.org/b")
    assert not is_url("/http://a.org")
