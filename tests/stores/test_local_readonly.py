"""Reading without the right or the wish to write."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lookalike.errors import NotFoundError, StoreError
from lookalike.filters import parse
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

EMBEDDING = EncoderSpec("embedding", "embedding", 8)
HASH = EncoderSpec("hash", "hash", 64)


def entries(count: int) -> list[Entry]:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((count, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    hashes = rng.integers(0, 256, (count, 8)).astype(np.uint8)
    return [
        Entry(
            f"/{n}.jpg",
            attributes={"n": n},
            vectors={"embedding": vectors[n], "hash": hashes[n]},
        )
        for n in range(count)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "collection"
    with LocalStore.open(path) as store:
        store.add_encoder(EMBEDDING)
        store.add_encoder(HASH)
        store.upsert(entries(300))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in files}


def test_reader_answers_as_the_writer_does(folder: Path) -> None:
    query = entries(300)[7].vectors
    where = parse("n >= 5 and n < 100")
    with LocalStore.open(folder) as store:
        expected = store.nearest("embedding", query["embedding"], 20, offset=3, where=where)
        near = store.within("hash", query["hash"], 26, 20, where=where)
    with LocalStore.open(folder, read_only=True) as reader:
        found = reader.nearest("embedding", query["embedding"], 20, offset=3, where=where)
        assert [one.id for one in found] == [one.id for one in expected]
        assert [one.distance for one in found] == pytest.approx(
            [one.distance for one in expected], abs=1e-3
        )
        assert reader.within("hash", query["hash"], 26, 20, where=where) == near
        closest = reader.nearest("embedding", query["embedding"], 9, max_distance=0.1)
        assert closest
        assert all(one.distance <= 0.1 for one in closest)
        assert reader.nearest("embedding", query["embedding"], 0) == []


def test_reader_leaves_every_file_as_it_was(folder: Path) -> None:
    before = contents(folder)
    with LocalStore.open(folder, read_only=True) as reader:
        reader.nearest("embedding", entries(1)[0].vectors["embedding"], 5)
        reader.stats()
    after = contents(folder)
    assert {name: after[name] for name in before} == before


def test_reader_sees_what_a_writer_does_meanwhile(folder: Path) -> None:
    query = entries(301)[300].vectors
    with (
        LocalStore.open(folder, read_only=True) as reader,
        LocalStore.open(folder) as writer,
    ):
        assert not reader.within("hash", query["hash"], 0, 5)
        (key,) = writer.upsert(entries(301)[300:])
        assert [one.id for one in reader.within("hash", query["hash"], 0, 5)] == [key]
        assert reader.nearest("embedding", query["embedding"], 1)[0].id == key
        writer.add_encoder(EncoderSpec("later", "embedding", 3))
        assert [spec.name for spec in reader.encoders()] == ["embedding", "hash", "later"]


_READ = """
import os, sys
import numpy as np
from lookalike.stores.local import LocalStore
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
with LocalStore.open(sys.argv[1], read_only=True) as store:
    print(store.count(), len(store.nearest("embedding", np.eye(8, dtype=np.float32)[0], 5)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of another kind")
def test_reader_needs_no_right_to_write(folder: Path) -> None:
    # A user without rights, in a folder that everyone may read and nobody may write to.
    public = Path("/tmp") / f"lookalike-readonly-{os.getpid()}"
    shutil.copytree(folder, public)
    try:
        for path in [public, *public.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        ran = subprocess.run(
            [sys.executable, "-c", _READ, str(public)], capture_output=True, text=True, check=False
        )
        assert (ran.returncode, ran.stdout) == (0, "300 5\n"), ran.stderr
    finally:
        for path in [public, *public.rglob("*")]:
            path.chmod(0o755)
        shutil.rmtree(public)


def test_nothing_is_made_for_a_reader(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no collection"):
        LocalStore.open(tmp_path / "none", read_only=True)
    assert not (tmp_path / "none").exists()


def test_reader_leaves_an_older_catalogue_alone(folder: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(folder / "catalogue.sqlite3")
    connection.execute("PRAGMA user_version = 0")
    connection.close()
    with pytest.raises(StoreError, match="older lookalike"):
        LocalStore.open(folder, read_only=True)
