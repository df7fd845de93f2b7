"""Building the engine's graph in a process of its own.

The engine holds the interpreter's lock while it builds, minutes for a million vectors: in this
process it would stop searches, progress and Ctrl-C. So a child builds in a copy of the folder.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from lookalike.errors import StoreError

_CHILD = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: do not outlive the parent
import qdrant_edge
shard = qdrant_edge.EdgeShard.load(sys.argv[1])
shard.optimize()
shard.flush()
shard.close()
"""
_TICK_SECONDS = 0.2


def build_graph(folder: Path, tick: Callable[[], None]) -> None:
    """Build the graph of the shard in `folder`, which nobody else has open.

    `tick` is called a few times each second; what it raises ends the build.

    Raises:
        StoreError: the child failed; the folder is not to be used.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(  # noqa: S603 - our own code, our own folder
        [sys.executable, "-c", _CHILD, str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
    ) as child:
        try:
            while True:
                try:
                    _, complaint = child.communicate(timeout=_TICK_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    tick()
        except BaseException:
            child.kill()
            raise
    if child.returncode:
        lines = complaint.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        raise StoreError(
            f"Building the index in {folder} failed (status {child.returncode}): {lines[-1]}. "
            "Check free memory and disk, then run `lookalike rebuild`."
        )
