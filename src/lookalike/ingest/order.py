"""Pictures that are ready in any order, settled in the order in which they were found."""

from collections import deque
from collections.abc import Callable, Iterable

from lookalike.ingest.job import Job


class InOrder:
    """Holds what is ready back until all before it has been settled or dropped."""

    def __init__(self, settle: Callable[[Job], None]) -> None:
        self._settle = settle
        self._expected: deque[Job] = deque()
        self._ready: set[Job] = set()
        self._dropped: set[Job] = set()

    def expect(self, jobs: Iterable[Job]) -> None:
        """Say what comes next."""
        self._expected.extend(jobs)

    def ready(self, job: Job) -> None:
        """Settle a picture, and those after it that waited for it, as soon as it is its turn."""
        self._ready.add(job)
        self._release()

    def drop(self, job: Job) -> None:
        """Wait no longer for a picture that failed or is settled already."""
        self._dropped.add(job)
        self._release()

    def _release(self) -> None:
        while self._expected:
            job = self._expected[0]
            if job in self._ready:
                self._ready.remove(job)
                self._expected.popleft()
                self._settle(job)
            elif job in self._dropped:
                self._dropped.remove(job)
                self._expected.popleft()
            else:
                return
