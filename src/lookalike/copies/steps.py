"""The time that each step of one search for copies takes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Steps:
    """Milliseconds by step, in the order in which the steps were first taken."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time what is done inside; the same name adds up."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.ms[name] = self.ms.get(name, 0.0) + (time.perf_counter() - started) * 1e3
