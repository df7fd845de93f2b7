"""Hashes of a collection: the index and its file beside the catalogue, whatever happens between."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookalike.errors import UsageError
from lookalike.filters import parse
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore, hashes

HASH = EncoderSpec("hash", "hash", 64)


@pytest.fixture(autouse=True)
def files_of_few(monkeypatch):
    """Keep files of few hashes, and write them anew after few changes."""
    monkeypatch.setattr(hashes, "WORTH_A_FILE", 20)
    monkeypatch.setattr(hashes, "_MOST_PENDING", 10)


def entry(rng, key, *, trimmed=False):
    middle = np.arange(8, dtype=np.uint8) * 30
    middle[rng.integers(0, 8, 3)] ^= rng.integers(0, 256, 3, dtype=np.uint8)
    own = {"hash": middle ^ np.uint8(1)} if trimmed else {}
    return Entry(f"/{key}.jpg", attributes={"n": key}, vectors={"hash": middle}, trimmed=own)


def opened(folder, **options):
    store = LocalStore.open(folder, **options)
    if not options.get("read_only") and not store.encoders():
        store.add_encoder(HASH)
    return store


def expected(store, query, radius, keep=lambda record: True):
    found = []
    for record in store.scan():
        own = [*store.vectors("hash", [record.id]).values()]
        own += store.trimmed("hash", [record.id]).values()
        bits = min((int(np.bitwise_count(one ^ query).sum()) for one in own), default=999)
        if bits <= radius and keep(record):
            found.append((bits, record.id))
    return sorted(found)


def answered(store, query, radius, limit=10**6, **options):
    found = store.within("hash", query, radius, limit, **options)
    return [(one.distance, one.id) for one in found]


def files(folder):
    return sorted(path.name for path in (Path(folder) / hashes.FOLDER).glob("*"))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_answers_agree_with_the_catalogue_through_any_history(tmp_path_factory, seed):
    rng = np.random.default_rng(seed)
    folder = tmp_path_factory.mktemp("history") / "c"
    store = opened(folder)
    reader = opened(folder, read_only=True)
    for _ in range(25):
        step = rng.integers(0, 8)
        keys = rng.integers(0, 60, rng.integers(1, 15)).tolist()
        if step < 3:
            store.upsert([entry(rng, key, trimmed=bool(rng.integers(2))) for key in keys])
        elif step == 3:
            store.delete(keys[:5])
        elif step == 4:
            store.optimize()
        elif step == 5:
            store.close()
            store = opened(folder)
        elif step == 6:
            store.rebuild()
        elif step == 7:
            reader.close()
            reader = opened(folder, read_only=True)
        query = entry(rng, 0).vectors["hash"]
        for one in (store, reader) if rng.integers(2) else (reader,):
            wanted = expected(store, query, 20)
            assert answered(one, query, 20) == wanted
            assert answered(one, query, 64, 3, offset=1) == expected(store, query, 64)[1:4]
            where = parse("n < 20")
            assert answered(one, query, 20, where=where) == expected(
                store, query, 20, lambda record: record.attributes["n"] < 20
            )
    assert len(files(folder)) <= 1
    reader.close()
    store.close()


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(1)
    with opened(tmp_path / "c") as store:
        store.upsert([entry(rng, key) for key in range(100)])
        store.optimize()
        size = store.stats().encoders[0].index_bytes
    assert len(files(tmp_path / "c")) == 1
    assert size > 0
    return tmp_path / "c"


def one_query(store):
    (query,) = store.vectors("hash", [5]).values()
    return query


def test_a_file_is_used_and_what_came_after_it_is_applied(folder, monkeypatch):
    def refuse(*_):
        raise AssertionError("read from the catalogue")

    rng = np.random.default_rng(2)
    with opened(folder) as store:
        assert store.notices == ()
        store.upsert([entry(rng, 200)])
        store.delete([3])
    (before,) = files(folder)
    monkeypatch.setattr(hashes, "_both", refuse)
    for read_only in (True, False):
        with opened(folder, read_only=read_only) as store:
            query = one_query(store)
            assert answered(store, query, 64) == expected(store, query, 64)
    assert files(folder) == [before]


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize("harm", ["cut", "flip", "remove", "other"])
def test_a_damaged_file_changes_no_answer(folder, harm, read_only):
    (name,) = files(folder)
    path = folder / hashes.FOLDER / name
    data = bytearray(path.read_bytes())
    data[-1000] ^= 1
    match harm:
        case "cut":
            path.write_bytes(data[:-1000])
        case "flip":
            path.write_bytes(data)
        case "remove":
            path.unlink()
        case "other":
            path.write_text("something else")
    with opened(folder, read_only=read_only) as store:
        query = one_query(store)
        assert store.notices == ()
        assert answered(store, query, 20) == expected(store, query, 20)
        assert answered(store, query, 20) == expected(store, query, 20)
        (notice,) = store.notices
        assert "hashes of hash were read from the catalogue" in notice
        assert name in notice
    if read_only:
        assert (files(folder) == []) == (harm == "remove")
    else:
        assert files(folder) not in ([], [name])


def test_a_save_that_does_not_end_is_as_if_it_had_not_begun(folder, monkeypatch):
    def die(*_):
        raise KeyboardInterrupt

    rng = np.random.default_rng(3)
    (name,) = files(folder)
    with opened(folder) as store:
        store.upsert([entry(rng, key) for key in range(300, 340)])
        with monkeypatch.context() as patch:
            patch.setattr(hashes.HashTables, "_adopt", die)
            with pytest.raises(KeyboardInterrupt):
                store.optimize()
        assert len(files(folder)) == 2
    with opened(folder, read_only=True) as reader:
        query = one_query(reader)
        assert answered(reader, query, 20) == expected(reader, query, 20)
    with opened(folder) as store:
        assert files(folder) == [name]
        assert answered(store, query, 20) == expected(store, query, 20)
        store.optimize()
        assert answered(store, query, 20) == expected(store, query, 20)
    assert files(folder) != [name]


WRITER = """
import sys
import numpy as np
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore, hashes

hashes.WORTH_A_FILE, hashes._MOST_PENDING = 20, 10
rng = np.random.default_rng()
with LocalStore.open(sys.argv[1]) as store:
    query = np.zeros(8, np.uint8)
    store.within("hash", query, 8, 1)
    print("ready", flush=True)
    while True:
        keys = rng.integers(0, 300, 5).tolist()
        if rng.integers(3):
            vectors = rng.integers(0, 256, (5, 8), dtype=np.uint8)
            store.upsert([
                Entry(f"/{key}.jpg", vectors={"hash": vector})
                for key, vector in zip(keys, vectors)
            ])
        else:
            store.delete(keys)
        if rng.integers(4) == 0:
            store.optimize()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_readers_beside_a_writer_that_is_killed_see_no_wrong_answer(folder):
    rng = np.random.default_rng(4)
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        with opened(folder, read_only=True) as reader:
            for _ in range(25):
                for record in list(reader.scan(limit=40))[:: rng.integers(4, 9)]:
                    own = reader.vectors("hash", [record.id]).get(record.id)
                    if own is None:
                        continue
                    found = reader.within("hash", own, 0, 10**6)
                    again = reader.vectors("hash", [record.id]).get(record.id)
                    # Found, unless the writer changed it in between.
                    assert record.id in {one.id for one in found} or (
                        again is None or not np.array_equal(own, again)
                    )
            os.kill(writer.pid, signal.SIGKILL)
            writer.wait()
            writer.stdout.close()
            query = rng.integers(0, 256, 8, dtype=np.uint8)
            assert answered(reader, query, 28) == expected(reader, query, 28)
        with opened(folder) as store:
            assert answered(store, query, 28) == expected(store, query, 28)


def test_filters_are_asked_of_few_and_listed_for_many(folder, monkeypatch):
    from lookalike.stores.local import passing, reading

    asked = []
    plain = reading.ids

    def ids(catalogue, where, among=None):
        asked.append(None if among is None else len(among))
        return plain(catalogue, where, among)

    monkeypatch.setattr(reading, "ids", ids)
    monkeypatch.setattr(passing, "_FEW", 30)
    rng = np.random.default_rng(9)
    with opened(folder) as store:
        store.upsert([entry(rng, key) for key in range(100, 2000)])
        query = one_query(store)

        def below_7(record):
            return record.attributes["n"] < 7

        wanted = expected(store, query, 64, below_7)
        assert len(wanted) == 7
        assert answered(store, query, 64, where=parse("n < 7")) == wanted
        assert asked[-1] is None
        assert sum(one or 0 for one in asked) <= 1000
        asked.clear()
        near = answered(store, query, 2, where=parse("n < 7"))
        assert near == [one for one in wanted if one[0] <= 2]
        assert None not in asked


def test_segments_of_a_store_are_matched_exactly_and_kept_in_step(folder):
    rng = np.random.default_rng(6)

    def matching(query, segments, minimum, keep=lambda record: True):
        found = []
        for record in store.scan():
            own = [*store.vectors("hash", [record.id]).values()]
            own += store.trimmed("hash", [record.id]).values()
            bits = [np.unpackbits(one ^ query).reshape(segments, -1) for one in own]
            near = [int(b.sum()) for b in bits if (~b.any(axis=1)).sum() >= minimum]
            if near and keep(record):
                found.append((min(near), record.id))
        return sorted(found)

    with opened(folder) as store:
        for step in range(6):
            query = entry(rng, 0).vectors["hash"]
            for segments, minimum in ((8, 6), (8, 5), (16, 9), (4, 1)):
                wanted = matching(query, segments, minimum)
                found = store.segments("hash", query, segments, minimum, 10**6)
                assert [(one.distance, one.id) for one in found] == wanted
                page = store.segments("hash", query, segments, minimum, 3, offset=2)
                assert [(one.distance, one.id) for one in page] == wanted[2:5]
            where = parse("n < 50")
            found = store.segments("hash", query, 8, 5, 10**6, where=where)
            few = matching(query, 8, 5, lambda record: record.attributes["n"] < 50)
            assert [(one.distance, one.id) for one in found] == few
            store.upsert([entry(rng, 40 + key, trimmed=True) for key in range(step * 10)])
            store.delete([step, 50 + step])
        with pytest.raises(UsageError, match="cannot be cut into 7"):
            store.segments("hash", query, 7, 6, 3)
        with pytest.raises(UsageError, match="1 to 8 can be equal"):
            store.segments("hash", query, 8, 9, 3)


def test_threads_search_while_one_writes(folder):
    wrong = []
    done = threading.Event()
    with opened(folder) as store:
        query = one_query(store)

        def search():
            while not done.is_set():
                if (0, 6) not in answered(store, six, 0):
                    wrong.append(1)

        (six,) = store.vectors("hash", [6]).values()
        threads = [threading.Thread(target=search) for _ in range(3)]
        for thread in threads:
            thread.start()
        rng = np.random.default_rng(8)
        for step in range(15):
            store.upsert([entry(rng, 1000 + step * 10 + n) for n in range(10)])
            store.delete([20 + step])
            store.optimize()
        done.set()
        for thread in threads:
            thread.join()
        assert answered(store, query, 20) == expected(store, query, 20)
    assert wrong == []


def test_a_tenants_search_looks_at_the_records_found_and_not_at_all_of_the_tenant(folder):
    from lookalike.filters import tenant_is
    from lookalike.stores.local import reading
    from lookalike.stores.local.catalogue import Catalogue

    catalogue = Catalogue(folder, read_only=True)
    asked = []
    plain = catalogue.read

    def read(statement, parameters=()):
        asked.extend(plain(f"EXPLAIN QUERY PLAN {statement}", parameters))
        return plain(statement, parameters)

    catalogue.read = read
    assert sorted(reading.ids(catalogue, tenant_is(""), [3, 5, 10**6])) == [3, 5]
    assert [row[3] for row in asked] == ["SEARCH r USING INTEGER PRIMARY KEY (rowid=?)"]
    catalogue.close()
