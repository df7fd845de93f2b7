"""What an encoder costs, measured in a process of its own: time, memory, loading.

That process runs `main`: it reads the encoder's name and the paths of pictures from standard input
as JSON, and writes the cost to standard output as JSON.
"""

import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lookalike.processors import processors

PICTURES = 16
"""Pictures that a cost is measured on."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What encoding takes.

    `single_ms` is milliseconds from a file's bytes to its embedding, for one picture at a time
    (the median); `batch_ms` the same for each of 16 at once, prepared on all processors.
    `load_ms` is milliseconds to load the encoder from disk. `memory` is the process's peak in
    bytes, Python included; 0 where the system does not say.
    """

    single_ms: float
    batch_ms: float
    load_ms: float
    memory: int


class MeasureError(Exception):
    """The measuring process failed; the message is the end of what it said."""


def measure(name: str, pictures: Sequence[Path]) -> Cost:
    """Measure an encoder on some pictures, evenly chosen, in a process of its own.

    Raises:
        MeasureError: that process failed.
    """
    step = max(1, len(pictures) // PICTURES)
    asked = {"name": name, "pictures": [str(p) for p in pictures[::step][:PICTURES]]}
    # -P: without it, a json.py in the current folder would be imported.
    child = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-P", "-c", f"from {__name__} import main; main()"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode:
        last = (child.stderr.strip().splitlines() or [f"it ended with {child.returncode}"])[-1]
        raise MeasureError(f"{name} could not be measured: {last}")
    return Cost(**json.loads(child.stdout))


def _measure_here(name: str, pictures: Sequence[Path]) -> Cost:
    from lookalike.encoders import registry
    from lookalike.imaging import decode

    files = [path.read_bytes() for path in pictures]
    start = time.perf_counter()
    encoder = registry.load(name)
    load = time.perf_counter() - start

    def prepare(data: bytes) -> Any:
        return encoder.prepare(decode(data, min_side=encoder.min_side).image)

    def encode(data: Sequence[bytes]) -> float:
        begin = time.perf_counter()
        encoder.encode_prepared(list(pool.map(prepare, data)))
        return time.perf_counter() - begin

    pool = ThreadPoolExecutor(processors())

    encode(files[:1])  # opens what is opened at first use
    single = statistics.median(encode([data]) for data in files)
    batch = (files * PICTURES)[:PICTURES]
    for _ in range(3):  # an encoder may change to a faster runtime once it has seen a few
        encode(batch)
    together = statistics.median(encode(batch) for _ in range(3)) / len(batch)
    return Cost(single * 1000, together * 1000, load * 1000, peak_memory())


def peak_memory() -> int:
    """The most memory, in bytes, that this process has had resident."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        try:
            import resource
        except ImportError:
            return 0
        # On Linux it would begin with the peak of the process that started this one.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)
    return int(found[1]) * 1024 if found else 0


def main() -> None:
    """What the measuring process does."""
    asked = json.load(sys.stdin)
    cost = _measure_here(asked["name"], [Path(path) for path in asked["pictures"]])
    json.dump(asdict(cost), sys.stdout)
