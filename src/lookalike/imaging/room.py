"""How many pixels may be decoded at the same time."""

import ctypes
import functools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MOST_PIXELS = 128 << 20
"""A pixel takes 4 bytes decoded, and 4 more while it is converted or turned: 1 GiB in all."""

LARGE = 16 << 20
"""Pixels of a picture whose memory is worth giving back to the system."""


class Room:
    """Admits pictures as long as their pixels fit in, and one by one those that never would.

    They come in in the order in which they ask, more or less, so that small ones do not keep a
    large one waiting for ever.
    """

    def __init__(self, pixels: int = MOST_PIXELS) -> None:
        self._size = pixels
        self._used = 0
        self._door = threading.Lock()
        self._changed = threading.Condition()

    @contextmanager
    def for_one(self) -> Iterator[Callable[[int], None]]:
        """What is to be called, once, with the pixels of a picture; waits until there is room.

        The room is free again at the end of the block.
        """
        taken = 0

        def take(pixels: int) -> None:
            nonlocal taken
            with self._door, self._changed:
                self._changed.wait_for(lambda: not self._used or self._used + pixels <= self._size)
                self._used += pixels
                taken = pixels

        try:
            yield take
        finally:
            if taken >= LARGE:
                _trim()(0)
            with self._changed:
                self._used -= taken
                self._changed.notify_all()


ROOM = Room()
"""That of all pictures of this process but those of queries, which come one by one."""


@functools.cache
def _trim() -> Callable[[int], object]:
    """The C library's malloc_trim, where there is one.

    glibc keeps what was freed for the thread that freed it: each would hold on to its largest
    picture.
    """
    if sys.platform == "linux":
        found: Callable[[int], object] = getattr(ctypes.CDLL(None), "malloc_trim", int)
        return found
    return int
