"""Building the engine's graph in a process of its own.

The engine holds the interpreter's lock while it builds, minutes for a million vectors: in this
process it would stop searches, progress and Ctrl-C. So a child builds in a copy of the folder.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import qdrant_edge

from lookalike.errors import StoreError
from lookalike.stores.local.room import need_room

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
UNCHANGING = frozenset(
    {"tq_vectors.dat", "matrix.dat", "quantized.data", "graph.bin", "links_compressed.bin"}
)
"""Files of the engine that are written once; what is deleted is noted beside them."""
_TICK_SECONDS = 0.2
_COPY_BYTES = 1 << 20


def build_graph(folder: Path, tick: Callable[[], None]) -> None:
    """Build the graph of the shard in `folder`, which nobody else has open.

    `tick` is called a few times each second; what it raises ends the build.

    Raises:
        StoreError: the child failed; the folder is not to be used.
    """
    if not sys.executable or getattr(sys, "frozen", False):
        # There is no interpreter to start: a program that carries its own.
        _build_here(folder)
        return
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


def _build_here(folder: Path) -> None:
    index = qdrant_edge.EdgeShard.load(str(folder))
    index.optimize()
    index.flush()
    index.close()


def copy_folder(source: Path, target: Path) -> None:
    """Copy a shard's files, leaving the holes in them: most are larger than what they hold.

    Vectors and graphs of finished segments, which the engine never changes, are linked where the
    file system can do that.

    Raises:
        StoreError: it cannot, and the disk has no room for them.
    """
    for path in source.rglob("*"):
        copy = target / path.relative_to(source)
        if path.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
        else:
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.name in UNCHANGING:
                if _linked(path, copy):
                    continue
                need_room(copy.parent, path.stat().st_size)
            _copy_sparse(path, copy)


def _linked(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except OSError:
        return False
    return True


def _copy_sparse(source: Path, target: Path) -> None:
    if not hasattr(os, "SEEK_DATA"):
        shutil.copyfile(source, target)
        return
    with source.open("rb", buffering=0) as old, target.open("wb", buffering=0) as new:
        size = os.fstat(old.fileno()).st_size
        new.truncate(size)
        place = 0
        while place < size:
            try:
                start = os.lseek(old.fileno(), place, os.SEEK_DATA)
            except OSError:  # nothing but a hole up to the end
                return
            place = os.lseek(old.fileno(), start, os.SEEK_HOLE)
            old.seek(start)
            new.seek(start)
            left = place - start
            while left:
                left -= new.write(old.read(min(left, _COPY_BYTES)))
