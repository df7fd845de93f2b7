"""Free disk space, asked for before it is needed.

The engine writes through memory maps of sparse files: where the disk has no block left for a
page, the kernel ends the process with SIGBUS, which nothing can catch.
"""

import shutil
from pathlib import Path

from lookalike.errors import StoreError

MARGIN = 64 << 20
"""Bytes that must stay free."""


def need_room(folder: Path, size: int = 0) -> None:
    """See that the disk has room for `size` bytes more, and the margin.

    Raises:
        StoreError: it has not.
    """
    free = shutil.disk_usage(folder).free
    if free < size + MARGIN:
        raise StoreError(
            f"The disk of {folder} is full: {free >> 20:,} MB are free and "
            f"{(size + MARGIN) >> 20:,} MB are needed. Make room and run the same again; "
            "what was stored before is intact."
        )
