"""`lookalike index` as a process, while its server is away for a moment, or dies."""

import contextlib
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from failing import EYE, command, made, opened, run
from milvus_server import HOST, MilvusProcess
from store_at import open_store
from tcp_proxy import proxied

ENCODERS = "mobilenet-v3-large,phash"


@contextlib.contextmanager
def indexing(photos: Path, address: str) -> Iterator[subprocess.Popen[str]]:
    """The command at work."""
    line = command("index", photos, "-c", address, "--encoder", ENCODERS, "--quiet")
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_records(address: str, process: subprocess.Popen[str], count: int) -> dict[str, int]:
    """Wait until a command has stored so many records; their ids by uri."""
    while process.poll() is None:
        with contextlib.suppress(Exception), opened(address, create=False) as store:
            while process.poll() is None:
                found = {record.uri: record.id for record in store.scan()}
                if len(found) >= count:
                    return found
                time.sleep(0.02)
        time.sleep(0.1)
    out, err = process.communicate()
    raise AssertionError(f"the command ended by itself:\n{out}{err}")


def facts_of(where: str | Path) -> tuple[list[tuple[object, ...]], list[np.ndarray]]:
    """All that a collection holds but for ids and times, and its vectors, in order of uri."""
    with contextlib.closing(open_store(where)) as store:
        records = sorted(store.scan(), key=lambda record: record.uri)
        ids = [record.id for record in records]
        vectors = []
        for name in ENCODERS.split(","):
            found = store.vectors(name, ids)
            vectors.append(np.stack([found[key] for key in ids]).astype(np.float32))
            assert store.missing(name) == []
        assert store.count() == len({record.uri for record in records})
    return [
        (one.uri, one.sha256, one.md5, one.size, one.modified_ns, one.width, one.border)
        for one in records
    ], vectors


def assert_same(where: str | Path, calm: Path) -> None:
    """Both hold the same."""
    (facts, vectors), (wanted, expected) = facts_of(where), facts_of(calm)
    assert facts == wanted
    for own, other in zip(vectors, expected, strict=True):
        assert np.abs(own - other).max() < 2e-3


def test_a_run_outlives_a_server_that_is_away_for_a_moment(
    milvus: MilvusProcess, photos: Path, indexed_once: Path
) -> None:
    with proxied(milvus.port) as proxy, indexing(photos, proxy.address("away")) as process:
        wait_for_records(milvus.address("away"), process, 1)
        for _ in range(2):
            proxy.refuse()
            back = threading.Timer(1.0, proxy.accept)
            back.start()
            back.join()
            time.sleep(0.3)
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err + out
    assert_same(milvus.address("away"), indexed_once)


def test_a_run_whose_server_dies_stops_and_the_next_one_goes_on(
    mortal: MilvusProcess, photos: Path, indexed_once: Path
) -> None:
    address = mortal.address("died")
    made(mortal.address("waits"))
    with opened(mortal.address("waits?timeout=300")) as waits, ThreadPoolExecutor(1) as pool:
        before = waits.nearest("e", EYE[1], 9)
        assert len(before) == 4
        with indexing(photos, f"{address}?timeout=3") as process:
            stored = wait_for_records(address, process, 20)
            mortal.kill()
            _, err = process.communicate(timeout=300)
            assert process.returncode == 3, err
            assert f"Milvus at {HOST}:{mortal.port} " in err
            assert "Traceback" not in err
        # A search by who has more time waits for the server to come back.
        answer = pool.submit(waits.nearest, "e", EYE[1], 9)
        mortal.restart()
        assert answer.result() == before
    with opened(address) as store:
        found = {record.uri: record.id for record in store.scan()}
        assert stored.items() <= found.items()
    done = run("index", photos, "-c", address, "--quiet", "--json")
    assert done.returncode == 0, done.stderr
    assert_same(address, indexed_once)
    with opened(address) as store:
        found = {record.uri: record.id for record in store.scan()}
        assert stored.items() <= found.items()
