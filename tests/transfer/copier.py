"""Copies one collection into another a few records at a time, and says how far it is.

    python copier.py FROM TO [BULK]

Started by tests that kill it.
"""

import sys

from lookalike.transfer import copy, part, writing

part.ROWS = 20
writing._KEEP_EVERY_S = 0.0


def say(stage: str, done: int, _total: int) -> None:
    """Progress as a line."""
    print(stage, done, flush=True)


if __name__ == "__main__":
    bulk = sys.argv[3] if sys.argv[3:] else None
    report = copy(sys.argv[1], sys.argv[2], bulk=bulk, progress=say)
    print("ok" if report.ok else report, report.records, flush=True)
