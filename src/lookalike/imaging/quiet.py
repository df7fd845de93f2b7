"""Keep what Pillow says about odd files out of the host program.

Pillow warns about corrupt EXIF data, odd TIFF tags and large pictures, and logs an error or two.
Here each of those is either harmless or an error of our own; printed, they only puzzle, and a
program that turns warnings into errors would see good pictures fail. `warnings.catch_warnings` is
no help: it swaps the filters of the whole process, and two threads that overlap leave them
changed for good.
"""

import logging
import re
import threading
import warnings
from typing import Any

_IGNORE: Any = ("ignore", None, Warning, re.compile(r"(PIL|pi_heif)\."), 0)
_LOGGER = logging.getLogger("PIL.TiffImagePlugin")


def _drop(record: logging.LogRecord) -> bool:
    return False


class _Quiet:
    """A context manager that many threads may be inside of at once.

    An entry goes to the front of the list of filters with the first thread that enters and leaves
    with the last. It is taken out by identity: filters that others set meanwhile stay.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._touched: list[Any] = []

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            _LOGGER.addFilter(_drop)
            # Somebody may have put another list, or an entry before ours, in place since.
            filters: Any = warnings.filters
            if not filters or filters[0] is not _IGNORE:
                filters.insert(0, _IGNORE)
                self._touched.append(filters)

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                _LOGGER.removeFilter(_drop)
                for filters in (*self._touched, warnings.filters):
                    filters[:] = [entry for entry in filters if entry is not _IGNORE]
                self._touched.clear()


pillow_quiet = _Quiet()
"""Inside `with pillow_quiet:` what Pillow's own modules warn about or log is dropped."""
