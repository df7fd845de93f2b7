import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import lookalike
from lookalike.doctor import clock, collection, examine, server, tables
from lookalike.doctor.finding import Finding
from lookalike.records import EncoderSpec
from lookalike.stores.base import EncoderStats, StoreStats


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "some.lookalike"
    with lookalike.open(path, encoder="phash") as opened:
        opened.add_embeddings([1, 2], np.eye(2, 8, dtype=np.float32))
    return path


def check(target: str) -> dict[str, Finding]:
    told = SimpleNamespace(index_bytes=0, encoders=())
    return {finding.topic: finding for finding in collection.check(target, told)}


def test_a_good_collection(folder: Path) -> None:
    found = check(str(folder))
    assert found["collection"].level == "ok"
    assert found["encoder external"].level == "ok"


def test_none_yet(tmp_path: Path) -> None:
    assert check(str(tmp_path / "none"))["collection"].level == "ok"


def test_a_folder_of_other_things(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    assert check(str(tmp_path))["collection"].level == "problem"


def test_a_damaged_catalogue(folder: Path) -> None:
    (folder / "catalogue.sqlite3").write_bytes(b"no database" * 1000)
    assert check(str(folder))["collection"].level == "problem"


def test_a_catalogue_of_the_future(folder: Path) -> None:
    with sqlite3.connect(folder / "catalogue.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    assert "newer" in check(str(folder))["collection"].found


def stats(vectors: int, indexed: int, kind: str = "embedding") -> StoreStats:
    spec = EncoderSpec("one", kind, 8)  # type: ignore[arg-type]
    return StoreStats(200_000, (EncoderStats(spec, vectors, indexed, 10, 8),), 10)


@pytest.mark.parametrize(
    ("held", "level"),
    [
        (stats(200_000, 200_000), "ok"),
        (stats(199_999, 199_999), "warning"),
        (stats(200_001, 200_001), "problem"),
        (stats(200_001, 200_001, "hash"), "ok"),
        (stats(200_000, 10), "warning"),
    ],
)
def test_counts(held: StoreStats, level: str) -> None:
    *_, finding = collection.judge(held)
    assert finding.level == level


def test_clocks() -> None:
    assert clock.seconds(1_700_000_000_123 << 18 | 5) == 1_700_000_000.123
    assert clock.judge(100.0, 99.9, 100.1).level == "ok"
    assert clock.judge(160.0, 99.9, 100.1).level == "warning"
    assert clock.judge(60.0, 99.9, 100.1).level == "warning"
    assert clock.judge(103.0, 98.0, 108.0).level == "ok", "a slow answer says little"


@pytest.mark.parametrize("target", ["milvus://", "milvus://h/bad__name", "http://h/x"])
def test_bad_addresses(target: str) -> None:
    (finding,) = server.check(target)
    assert (finding.topic, finding.level) == ("address", "problem")


def test_secrets_are_not_shown() -> None:
    (finding,) = server.check("milvus://me:secret@127.0.0.1:1/x")
    assert finding.level == "problem"
    assert "secret" not in finding.found + finding.advice


def test_old_servers() -> None:
    assert server.version(SimpleNamespace(version=(2, 2, 9))).level == "problem"  # type: ignore[arg-type]
    lacks = server.version(SimpleNamespace(version=(2, 3, 5)))  # type: ignore[arg-type]
    assert lacks.level == "ok"
    assert "IVF_RABITQ" in lacks.found


def test_a_check_that_fails_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no such thing")

    monkeypatch.setenv("LOOKALIKE_OFFLINE", "1")
    monkeypatch.setattr("lookalike.doctor.packages.check", fails)
    monkeypatch.setattr("lookalike.doctor.weights.of_model", fails)
    monkeypatch.setattr("lookalike.doctor.processor.flags", fails)
    found = {finding.topic: finding for finding in examine(str(tmp_path / "none"))}
    for topic in ("packages", "models", "processor"):
        assert found[topic].level == "warning"
        assert "no such thing" in found[topic].found
    assert found["disk"].topic == "disk"


def test_tables() -> None:
    assert tables.judge({"a", "a__kept"}, {"a", "a__kept"}).level == "ok"
    assert tables.judge({"a"}, {"a", "a__kept"}).level == "problem"
    assert tables.judge({"a", "a__kept", "a__one__2"}, {"a", "a__kept"}).level == "warning"


def test_a_collection_on_a_server(milvus: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_OFFLINE", "1")
    address = milvus.address("doctored")
    none = {finding.topic: finding for finding in examine(address)}
    assert none["collection"].level == "ok"
    with lookalike.open(address, encoder="phash") as opened:
        opened.add_embeddings([1, 2], np.eye(2, 8, dtype=np.float32))
    found = {finding.topic: finding for finding in examine(address)}
    assert {name for name, one in found.items() if one.level == "problem"} == set()
    for topic in ("reachable", "server version", "clock", "tables", "collection"):
        assert found[topic].level == "ok", found[topic]
    from pymilvus import MilvusClient

    client = MilvusClient(milvus.uri)
    client.drop_collection("doctored__external")
    (gone,) = (one for one in examine(address) if one.level == "problem")
    assert "its table doctored__external is gone" in gone.found
    assert "`lookalike rebuild` makes it again" in gone.found
