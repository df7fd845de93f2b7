"""A server that is not there: at the start, for a moment, and from some moment on."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from failing import EYE, entry, made, opened, run
from milvus_server import HOST, MilvusProcess, free_ports
from tcp_proxy import Proxy

from lookalike.errors import StoreError


@pytest.fixture(scope="module", autouse=True)
def collection(milvus: MilvusProcess) -> None:
    made(milvus.address("down"))


def test_a_command_says_that_no_server_answers(tmp_path: Path) -> None:
    with free_ports(1) as (port,):
        pass
    address = f"milvus://someone:secret@{HOST}:{port}/photos?timeout=2"
    commands = [["info"], ["search", "cat"], ["index", tmp_path]]
    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(lambda arguments: run(*arguments, "-c", address), commands))
    for done in ended:
        assert done.returncode == 3, done.stderr
        assert f"Milvus at {HOST}:{port} does not answer (asked to connect)" in done.stderr
        assert "Traceback" not in done.stderr
        assert "secret" not in done.stderr


def test_what_fails_for_a_moment_is_tried_again(proxy: Proxy) -> None:
    with opened(proxy.address("down?timeout=30")) as store:
        for _ in range(2):
            proxy.refuse()
            back = threading.Timer(0.7, proxy.accept)
            back.start()
            assert len(store.nearest("e", EYE[0], 9)) >= 4
            back.join()
            proxy.cut()
            (key,) = store.upsert([entry(1)])
            proxy.cut()
            record = store.get([key])[0]
            assert record is not None
            assert (record.uri, store.count()) == ("/1", 4)


def test_a_search_and_a_write_say_what_no_server_answered(proxy: Proxy) -> None:
    with opened(proxy.address("down?timeout=3")) as store, ThreadPoolExecutor() as pool:
        assert len(store.nearest("e", EYE[0], 9)) == 4
        proxy.refuse()
        attempts = [
            pool.submit(store.nearest, "e", EYE[0], 9),
            pool.submit(store.upsert, [entry(1)]),
            pool.submit(store.delete, [1]),
            pool.submit(store.set_setting, "a", 1),
            pool.submit(lambda: list(store.scan())),
            pool.submit(store.count),
            pool.submit(store.optimize),
        ]
        for attempt in attempts:
            with pytest.raises(StoreError, match=rf"Milvus at {HOST}:{proxy.port} .*(answer|with)"):
                attempt.result()
        proxy.accept()
        while True:
            with contextlib.suppress(StoreError):
                (nearest,) = store.nearest("e", EYE[0], 1)
                break
        assert nearest.distance == pytest.approx(0)
        assert store.upsert([entry(1)]) == [store.find(["/1"])["/1"].id]


def test_many_threads_outlive_a_cut_connection(proxy: Proxy) -> None:
    wrong: list[object] = []
    done = threading.Event()
    with opened(proxy.address("down?timeout=30")) as store:

        def search() -> None:
            try:
                while not done.is_set():
                    if len(store.nearest("e", EYE[0], 9)) != 4:
                        wrong.append("answers are missing")
            except Exception as error:
                wrong.append(error)

        threads = [threading.Thread(target=search) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(10):
            done.wait(0.1)
            proxy.cut()
        done.set()
        for thread in threads:
            thread.join()
    assert wrong == []
