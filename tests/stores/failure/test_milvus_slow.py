"""A server that takes too long, or says nothing at all."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from failing import EYE, entry, made, opened, run
from milvus_server import HOST, MilvusProcess
from tcp_proxy import Proxy

from lookalike.errors import StoreError


@pytest.fixture(scope="module", autouse=True)
def collection(milvus: MilvusProcess) -> None:
    made(milvus.address("slow"))


def slow(proxy: Proxy) -> None:
    proxy.delay = 9.0


def silent(proxy: Proxy) -> None:
    proxy.swallowing = True


@pytest.mark.parametrize("spoil", [slow, silent])
def test_no_call_takes_longer_than_its_time(proxy: Proxy, spoil: Callable[[Proxy], None]) -> None:
    with opened(proxy.address("slow?timeout=3")) as store, ThreadPoolExecutor() as pool:
        assert len(store.nearest("e", EYE[0], 9)) == 4
        spoil(proxy)
        attempts = [
            pool.submit(store.nearest, "e", EYE[0], 9),
            pool.submit(store.upsert, [entry(1)]),
            pool.submit(store.get, [1]),
        ]
        for attempt in attempts:
            with pytest.raises(StoreError) as caught:
                attempt.result()
            said = re.escape(f"Milvus at {HOST}:{proxy.port} did not ") + r"\w+ .*within 3 s"
            assert re.match(said, str(caught.value))


@pytest.mark.parametrize("spoil", [slow, silent])
def test_opening_takes_no_longer_than_its_time(
    proxy: Proxy, spoil: Callable[[Proxy], None]
) -> None:
    spoil(proxy)
    with pytest.raises(StoreError, match=rf"Milvus at {HOST}:{proxy.port} .*connect"):
        opened(proxy.address("slow?timeout=1"))
    done = run("info", "-c", proxy.address("slow?timeout=1"))
    assert done.returncode == 3
    assert f"Milvus at {HOST}:{proxy.port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_slow_answer_within_the_time_is_an_answer(proxy: Proxy) -> None:
    with opened(proxy.address("slow?timeout=30")) as store:
        proxy.delay = 0.3
        assert len(store.nearest("e", EYE[0], 9)) == 4
        assert store.upsert([entry(1)]) == [store.find(["/1"])["/1"].id]
