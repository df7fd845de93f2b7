"""Reading ahead of writing, and writing several at a time."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")

_DEPTH = 2


def ahead(items: Iterable[Item], depth: int = _DEPTH) -> Iterator[Item]:
    """The items in order, made by a thread that is at most `depth` items ahead.

    What they raise is raised here. When this is closed or given up, the thread ends with the item
    that it is at.
    """
    made: queue.Queue[tuple[Item | None, BaseException | None]] = queue.Queue(depth)
    stop = threading.Event()

    def put(item: Item | None, error: BaseException | None) -> None:
        while not stop.is_set():
            try:
                made.put((item, error), timeout=0.1)
            except queue.Full:
                continue
            break

    def work() -> None:
        try:
            for item in items:
                put(item, None)
                if stop.is_set():
                    return
            put(None, None)
        except BaseException as error:
            put(None, error)

    thread = threading.Thread(target=work, name="lookalike-copy", daemon=True)
    thread.start()
    try:
        while True:
            item, error = made.get()
            if error is not None:
                raise error
            if item is None:
                return
            yield item
    finally:
        stop.set()
        thread.join()


def in_turn(work: Callable[[Item], object], items: Iterable[Item], threads: int) -> Iterator[Item]:
    """Do `work` with the items in threads; gives each, in order, when it and all before are done.

    What `work` raises is raised here. What is under way then, or when this is closed, is waited
    for.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="lookalike-copy") as pool:
        under_way: deque[tuple[Future[object], Item]] = deque()
        for item in items:
            under_way.append((pool.submit(work, item), item))
            while len(under_way) >= threads:
                first, finished = under_way.popleft()
                first.result()
                yield finished
        while under_way:
            first, finished = under_way.popleft()
            first.result()
            yield finished
