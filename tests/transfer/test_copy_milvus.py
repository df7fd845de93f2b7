"""Copying to a Milvus server, from one, and between two collections of one."""

import itertools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from filled import (
    COUNT,
    EMBEDDING,
    HASH,
    PROJECTION,
    WORDS,
    decided,
    entry,
    fill,
    known,
    passed_over,
)
from importing import import_tables
from killed_copies import MOST_KILLS, copy_killed_at, copy_with_kills
from milvus_server import MilvusProcess

import lookalike
from lookalike.errors import UsageError
from lookalike.records import AttributeKind
from lookalike.stores.base import Store
from lookalike.stores.local import LocalStore
from lookalike.transfer import copy, export_tables

_NUMBERS = itertools.count()
DECLARED: dict[str, AttributeKind] = {"price": "number", "colour": "text"}


@pytest.fixture
def address(milvus: MilvusProcess) -> str:
    """Of a collection that is not there yet."""
    return milvus.address(f"copied{next(_NUMBERS)}")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A local collection that no test changes."""
    path = tmp_path_factory.mktemp("transfer") / "source"
    with LocalStore.open(path) as store:
        fill(store)
    return path


@pytest.fixture(scope="module")
def served(milvus: MilvusProcess, source: Path) -> str:
    """The same on the server, that no test changes either."""
    address = milvus.address("served")
    with lookalike.open(address, attributes=DECLARED):
        pass
    report = copy(source, address)
    assert report.ok, report
    assert (report.records, report.decisions, report.skipped) == (COUNT, 2, 1)
    return address


@contextmanager
def opened(place: str | Path) -> Iterator[Store]:
    with lookalike.open(place, create=False) as collection:
        yield collection._store


def assert_same(one: str | Path, other: str | Path, *, ids: bool = True) -> None:
    with opened(one) as here, opened(other) as there:
        assert known(there, ids=ids) == known(here, ids=ids)
        assert decided(there) == decided(here)
        assert passed_over(there) == passed_over(here)
        assert there.setting("thresholds") == here.setting("thresholds") is not None
        assert there.encoders() == here.encoders()


def test_everything_comes_to_the_server(source: Path, served: str) -> None:
    assert_same(source, served)
    with opened(served) as store:
        assert store.encoders() == (EMBEDDING, WORDS, HASH)
        projection = store.projection("looks")
        assert projection is not None
        assert projection.version == PROJECTION.version


def test_everything_comes_back(source: Path, served: str, tmp_path: Path) -> None:
    assert copy(served, tmp_path / "back").ok
    assert_same(source, tmp_path / "back")


def test_between_servers_with_new_ids(served: str, address: str) -> None:
    report = copy(served, address, ids="new", where='colour == "red"', encoder="phash,words")
    assert report.ok
    with opened(served) as here, opened(address) as there:
        assert there.declared() == DECLARED
        wanted = {
            key: fields
            for key, fields in known(here, ids=False).items()
            if fields["attributes"]["colour"] == "red"
        }
        found = known(there, ids=False)
        assert found.keys() == wanted.keys()
        assert all(found[key]["vector phash"] == wanted[key]["vector phash"] for key in wanted)
        # The ids that the pictures get when they are added again.
        key = next(iter(wanted))
        number = int(key[1].removeprefix("file:///photos/").removesuffix(".jpg"))
        (there_id,) = (one.id for one in there.find([key[1]], key[0]).values())
        again = entry(number)
        bare = {name: again.vectors[name] for name in ("phash",)}
        assert there.upsert([replace(again, vectors=bare, trimmed={})]) == [there_id]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_on_the_way_to_the_server(source: Path, address: str) -> None:
    assert copy_with_kills(str(source), address, seed=2) == MOST_KILLS
    assert_same(source, address)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_on_the_way_back(served: str, tmp_path: Path) -> None:
    assert copy_with_kills(served, str(tmp_path / "back"), seed=3) == MOST_KILLS
    assert_same(served, tmp_path / "back")


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_bulk_insert_after_one_that_was_killed(source: Path, address: str, tmp_path: Path) -> None:
    staging = tmp_path / "staging"
    staging.mkdir()
    name = address.rpartition("/")[2]
    copy_killed_at(f"import {name}__words", str(source), address, str(staging))
    assert list(staging.iterdir()) != []
    report = copy(source, address, bulk=str(staging))
    assert report.ok, report
    assert report.records == COUNT
    assert list(staging.iterdir()) == []
    assert_same(source, address)
    with pytest.raises(UsageError, match="not empty"):
        copy(source, address, bulk=str(staging))
    # What was imported can be changed and copied to again.
    with opened(address) as store:
        first = next(store.scan())
        store.update_attributes({first.id: {"seen": True}})
        assert store.get([first.id])[0] != first
    assert copy(source, address).ok


def test_exported_tables_are_a_collection(
    milvus: MilvusProcess, source: Path, address: str, tmp_path: Path
) -> None:
    folder = tmp_path / address.rpartition("/")[2]
    assert export_tables(source, folder) == COUNT
    import_tables(milvus.uri, folder)
    found = copy(source, address, verify_only=True)
    assert found.ok, found
    assert_same(source, address)
    with opened(address) as store:
        first = next(store.scan())
        store.update_attributes({first.id: {"seen": True}})
        assert store.count() == COUNT
