"""Changing what embeddings are compared through: meanwhile, half-way, and from older versions."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from old_catalogue import make_older

from lookalike.encoders.projection import Projection, fit
from lookalike.errors import StoreError, UsageError
from lookalike.filters import parse
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore, schema, shards

COUNT = 400
RNG = np.random.default_rng(3)
VECTORS = RNG.standard_normal((COUNT, 24)).astype(np.float32) + 1.5
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
FITTED = fit(VECTORS, 10, 0.5, version="ten")
ENTRIES = [
    Entry(
        f"/{n}.jpg",
        attributes={"n": n},
        vectors={"e": vector, "h": np.full(8, n % 251, np.uint8)},
    )
    for n, vector in enumerate(VECTORS)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "c"
    with LocalStore.open(path) as store:
        store.add_encoder(EncoderSpec("e", "embedding", 24))
        store.add_encoder(EncoderSpec("h", "hash", 64))
        store.upsert(ENTRIES)
    return path


def expected(projection: Projection | None, query: int) -> list[int]:
    """Ids of the five nearest, by brute force; ids count from 1."""
    rows = VECTORS.astype(np.float16).astype(np.float32)
    if projection is not None:
        rows = projection.project(rows)
    best = np.argsort(-(rows @ rows[query]), kind="stable")[:5]
    return [int(row) + 1 for row in best]


def found(store: LocalStore, query: int) -> list[int]:
    return [one.id for one in store.nearest("e", VECTORS[query], 5)]


def shards_of(folder: Path) -> list[Path]:
    return sorted((folder / "vectors").iterdir())


def test_the_order_is_that_of_the_projected_space(folder: Path) -> None:
    told: list[tuple[str, int, int]] = []
    with LocalStore.open(folder) as store:
        assert found(store, 7) == expected(None, 7)
        before = store.vectors("e", [8])[8]
        store.set_projection("e", FITTED, lambda *what: told.append(what))
        assert [found(store, n) for n in range(20)] == [expected(FITTED, n) for n in range(20)]
        assert (store.vectors("e", [8])[8] == before).all()
        stats = store.stats().encoders[0]
        assert (stats.spec.size, stats.dimensions, stats.projection) == (24, 10, "ten")
        assert store.nearest("e", VECTORS[7], 1)[0].distance < 1e-3
    assert told[-1] == ("load e", COUNT, COUNT)
    assert len(shards_of(folder)) == 1
    with LocalStore.open(folder) as store:
        assert found(store, 7) == expected(FITTED, 7)
        store.rebuild()
        assert found(store, 7) == expected(FITTED, 7)
        store.set_projection("e", None)
        assert found(store, 7) == expected(None, 7)
        assert store.stats().encoders[0].dimensions == 24
        assert store.notices == ()


def test_a_smaller_index_takes_fewer_bytes(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).standard_normal((3000, 512)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with LocalStore.open(tmp_path / "c") as store:
        store.add_encoder(EncoderSpec("e", "embedding", 512))
        store.upsert([Entry(f"/{n}", vectors={"e": row}) for n, row in enumerate(rows)])
        before = store.stats().encoders[0].index_bytes
        store.set_projection("e", fit(rows, 128, 0.5))
        assert store.stats().encoders[0].index_bytes < before - 3000 * (512 - 128) * 0.8


def test_what_is_added_later_is_projected(folder: Path) -> None:
    with LocalStore.open(folder) as store:
        store.set_projection("e", FITTED)
        (key,) = store.upsert([Entry("/new.jpg", vectors={"e": -VECTORS[0]})])
        assert store.nearest("e", -VECTORS[0], 1)[0].id == key
        store.upsert([Entry("/new.jpg", vectors={"e": VECTORS[3]})])
        assert {one.id for one in store.nearest("e", VECTORS[3], 2)} == {4, key}
        assert store.delete([4]) == 1
        assert store.nearest("e", VECTORS[3], 1)[0].id == key
    with LocalStore.open(folder) as store:
        assert store.nearest("e", VECTORS[3], 1)[0].id == key
        assert store.notices == ()


def test_readers_agree_with_the_writer(folder: Path) -> None:
    where = parse("n >= 50 and n < 300")
    with LocalStore.open(folder) as store, LocalStore.open(folder, read_only=True) as reader:
        assert found(reader, 9) == expected(None, 9)
        store.set_projection("e", FITTED)
        assert found(reader, 9) == found(store, 9) == expected(FITTED, 9)
        own, others = (
            one.nearest("e", VECTORS[60], 30, offset=4, where=where, max_distance=0.9)
            for one in (store, reader)
        )
        assert [one.id for one in own] == [one.id for one in others]
        assert [one.distance for one in own] == pytest.approx(
            [one.distance for one in others], abs=1e-3
        )
        assert reader.projection("e").version == "ten"  # type: ignore[union-attr]
        assert [one.index_bytes > 0 for one in reader.stats().encoders] == [True, False]
        own_distances = store.distances("e", VECTORS[0], [1, 2, 9999])
        assert own_distances == pytest.approx(
            reader.distances("e", VECTORS[0], [1, 2, 9999]), abs=1e-3
        )
        assert own_distances[1] == store.nearest("e", VECTORS[0], 1)[0].distance


def test_a_reader_says_that_an_index_is_not_there(folder: Path) -> None:
    with LocalStore.open(folder, read_only=True) as reader:
        assert reader.stats().problems == ()
        for shard in shards_of(folder):
            shutil.rmtree(shard)
        assert reader.stats().problems == (
            "The index of e is not there: the next search builds it again.",
        )
        with LocalStore.open(folder) as store:
            assert found(store, 7) == expected(None, 7)
            assert reader.stats().problems == ()


def test_an_index_in_another_space_is_found_out(folder: Path) -> None:
    with LocalStore.open(folder) as store:
        store.set_projection("e", FITTED)
    turned = Projection("other", FITTED.mean, FITTED.matrix[:, ::-1])
    with LocalStore.open(folder.parent / "other") as other:
        other.add_encoder(EncoderSpec("e", "embedding", 24), turned)
    connection = sqlite3.connect(folder / "catalogue.sqlite3")
    connection.execute("ATTACH ? AS other", (str(folder.parent / "other/catalogue.sqlite3"),))
    connection.execute("UPDATE projections SET data = (SELECT data FROM other.projections)")
    connection.commit()
    connection.close()
    with LocalStore.open(folder) as store:
        assert found(store, 7) == expected(turned, 7)
        assert "is not the one stored" in store.notices[0]


def test_a_damaged_projection_can_be_chosen_again(folder: Path) -> None:
    with LocalStore.open(folder) as store:
        store.set_projection("e", FITTED)
    connection = sqlite3.connect(folder / "catalogue.sqlite3")
    connection.execute("UPDATE projections SET data = substr(data, 1, 100)")
    connection.commit()
    connection.close()
    for read_only in (True, False):
        with LocalStore.open(folder, read_only=read_only) as store:
            assert store.count() == COUNT
            if read_only:
                (problem,) = store.stats().problems
                assert "projection of e" in problem
            with pytest.raises(StoreError, match=r"projection of e .* is damaged: choose it again"):
                found(store, 7)
    with LocalStore.open(folder) as store:
        store.set_projection("e", None)
        assert found(store, 7) == expected(None, 7)
        assert store.notices == ()


def test_an_encoder_may_begin_with_a_projection(tmp_path: Path) -> None:
    spec = EncoderSpec("e", "embedding", 24)
    with LocalStore.open(tmp_path / "c") as store:
        store.add_encoder(spec, FITTED)
        store.add_encoder(spec)
        store.upsert([Entry("/0.jpg", vectors={"e": VECTORS[0]})])
        assert store.stats().encoders[0].projection == "ten"
        with pytest.raises(UsageError, match="takes embeddings of 24 components"):
            store.add_encoder(EncoderSpec("f", "embedding", 8), FITTED)
        assert [one.name for one in store.encoders()] == ["e"]
        with pytest.raises(UsageError, match=r"needs a query of shape \(24,\), not \(10,\)"):
            store.nearest("e", np.ones(10, np.float32), 3)


def test_interrupted_it_leaves_the_old_space(folder: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with LocalStore.open(folder) as store:
        before = shards_of(folder)
        with pytest.raises(KeyboardInterrupt):
            store.set_projection("e", FITTED, interrupt)
        assert shards_of(folder) == before
        assert store.projection("e") is None
        assert found(store, 7) == expected(None, 7)
        store.set_projection("e", FITTED)
        assert found(store, 7) == expected(FITTED, 7)


def test_other_threads_search_meanwhile(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "_READ_ROWS", 20)
    started, done = threading.Event(), threading.Event()
    answers: list[list[int]] = []
    with LocalStore.open(folder) as store:
        found(store, 7)

        def search() -> None:
            while not done.is_set():
                answers.append(found(store, 7))
                started.set()

        def wait(*_: object) -> None:
            seen = len(answers)
            while len(answers) == seen:
                time.sleep(0.001)

        searcher = threading.Thread(target=search)
        searcher.start()
        try:
            started.wait(10)
            for projection in (FITTED, None, FITTED):
                store.set_projection("e", projection, wait)
        finally:
            done.set()
            searcher.join()
    assert len(answers) > 3 * COUNT // 20
    assert {tuple(one) for one in answers} == {tuple(expected(p, 7)) for p in (None, FITTED)}


_CHILD = """
import sys
from pathlib import Path
import numpy as np
from lookalike.encoders import projection
from lookalike.stores.local import LocalStore, shards
shards._GRAPH_FROM, shards._READ_ROWS = 300, 20
made = projection.read(Path(sys.argv[2]))
with LocalStore.open(sys.argv[1]) as store:
    print("ready", flush=True)
    while True:
        for each in (made, None):
            store.set_projection("e", each, lambda *what: print(*what, flush=True))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_half_way_it_opens_and_goes_on(folder: Path, tmp_path: Path) -> None:
    from lookalike.encoders.projection import write

    write(FITTED, tmp_path / "fitted.npz")
    spaces = set()
    for lines in (2, 7, 23, 30, 45):
        command = [sys.executable, "-c", _CHILD, str(folder), str(tmp_path / "fitted.npz")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for _ in range(lines):
                child.stdout.readline()
            os.kill(child.pid, signal.SIGKILL)
        with LocalStore.open(folder) as store:
            projection = store.projection("e")
            spaces.add(projection is None)
            assert [found(store, n) for n in range(9)] == [
                expected(projection, n) for n in range(9)
            ]
            assert store.notices == ()
            assert len(shards_of(folder)) == 1
            assert store.count() == store.stats().encoders[0].vectors == COUNT
    with LocalStore.open(folder) as store:
        store.set_projection("e", FITTED)
        assert found(store, 7) == expected(FITTED, 7)


def test_a_catalogue_of_the_first_version_goes_on(folder: Path) -> None:
    make_older(folder, 1)
    before = {path: path.read_bytes() for path in folder.glob("catalogue.sqlite3")}
    with LocalStore.open(folder, read_only=True) as reader:
        assert found(reader, 7) == expected(None, 7)
        assert reader.projection("e") is None
        assert reader.qualities("h", [1]) == {}
        assert reader.stats().encoders[0].dimensions == 24
    assert {path: path.read_bytes() for path in before} == before
    shard = shards_of(folder)
    with LocalStore.open(folder) as store:
        assert found(store, 7) == expected(None, 7)
        assert store.notices == ()
        assert shards_of(folder) == shard
        assert store.projection("e") is None
        store.upsert([Entry("/h", vectors={"h": np.zeros(8, np.uint8)}, qualities={"h": 5})])
        assert store.qualities("h", [COUNT + 1]) == {COUNT + 1: 5}
        store.set_projection("e", FITTED)
        assert found(store, 7) == expected(FITTED, 7)
    with LocalStore.open(folder) as store:
        assert found(store, 7) == expected(FITTED, 7)


def test_a_crash_while_bringing_it_up_to_date_changes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_older(folder, 1)
    with monkeypatch.context() as patch:
        broken = (*schema.MIGRATIONS[1], "CREATE TABLE broken (")
        patch.setattr(schema, "MIGRATIONS", (schema.MIGRATIONS[0], broken))
        with pytest.raises(StoreError):
            LocalStore.open(folder)
    connection = sqlite3.connect(folder / "catalogue.sqlite3")
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()
    with LocalStore.open(folder) as store:
        assert found(store, 7) == expected(None, 7)


def test_the_same_picture_finds_itself_however_hard_a_projection_pulls(tmp_path: Path) -> None:
    # Few directions carry nearly everything, as in real embeddings; full whitening evens them out.
    spread = 0.5 ** np.arange(64)
    rows = (RNG.standard_normal((2000, 64)) * spread + 2 * spread).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with LocalStore.open(tmp_path / "c") as store:
        store.add_encoder(EncoderSpec("e", "embedding", 64), fit(rows, 32, 0.5))
        store.upsert([Entry(f"/{n}", vectors={"e": row}) for n, row in enumerate(rows)])
        own = [store.distances("e", row, [n + 1])[n + 1] for n, row in enumerate(rows[:300])]
        assert max(own) < 1e-3
        for n in range(50):
            (best,) = store.nearest("e", rows[n], 1)
            assert (best.id, best.distance < 1e-3) == (n + 1, True)


def test_a_graph_of_few_components_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "_GRAPH_FROM", 1000)
    monkeypatch.setattr(shards, "_SAMPLE", 100)
    rows = RNG.standard_normal((5000, 12)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with LocalStore.open(tmp_path / "c") as store:
        store.add_encoder(EncoderSpec("e", "embedding", 12))
        store.upsert([Entry(f"/{n}", vectors={"e": row}) for n, row in enumerate(rows)])
        store.set_projection("e", Projection("short", rows.mean(0), np.eye(12, 4, dtype="f4")))
        stats = store.stats().encoders[0]
        assert (stats.dimensions, stats.indexed) == (4, 5000)


def test_a_stray_folder_of_an_interrupted_change_is_removed(folder: Path) -> None:
    shutil.copytree(shards_of(folder)[0], folder / "vectors" / "1-stray")
    with LocalStore.open(folder) as store:
        store.set_projection("e", FITTED)
    assert len(shards_of(folder)) == 1
