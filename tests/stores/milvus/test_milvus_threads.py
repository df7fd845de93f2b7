"""What threads of one process remember and claim, without a server."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from lookalike.stores.milvus import recent
from lookalike.stores.milvus.claims import Claims
from lookalike.stores.milvus.recent import Recent


def test_what_was_written_is_remembered_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(recent.time, "monotonic", lambda: now)
    held = Recent()
    held.note(7, {1: {"id": 1}, 2: None})
    assert held.of([1, 2, 3]) == (0, {1: {"id": 1}, 2: None})
    assert held.of() == (0, {1: {"id": 1}, 2: None})
    now += 1
    held.note(9, {2: {"id": 2}})
    now += 1.5
    assert held.of() == (7, {2: {"id": 2}})
    now += 10
    assert held.of() == (9, {})


def test_what_was_read_is_remembered_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(recent.time, "monotonic", lambda: now)
    held = Recent()
    held.note_read({1: {"id": 1}, 2: None})
    assert held.read([1, 2, 3]) == {1: {"id": 1}, 2: None}
    now += 5
    assert held.read([1, 2]) == {}


def test_records_are_changed_by_one_thread_at_a_time() -> None:
    claims = Claims()
    entered, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with claims.of([1, 2]):
            entered.set()
            assert go_on.wait(10)

    def want(ids: list[int]) -> None:
        with claims.of(ids):
            pass

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(hold)
        assert entered.wait(10)
        pool.submit(want, [3]).result(10)
        second = pool.submit(want, [2, 3])
        with pytest.raises(TimeoutError):
            second.result(0.05)
        go_on.set()
        first.result(10)
        second.result(10)


def test_a_rebuild_is_alone() -> None:
    claims = Claims()
    with ThreadPoolExecutor(1) as pool:
        with claims.of_all():
            waiting = pool.submit(lambda: claims.of([1]).__enter__())
            with pytest.raises(TimeoutError):
                waiting.result(0.05)
        waiting.result(10)
