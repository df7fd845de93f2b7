"""Memory and the limits that the system sets a process."""

import sys
from collections.abc import Iterator
from pathlib import Path

from lookalike.doctor.finding import Finding, ok, problem, warning
from lookalike.views.text import size

_LEAST = 1 << 30
"""What an encoder and a small collection take (docs/models.md has each)."""
_COMFORT = 2 << 30
_FEW_FILES = 1024
"""Open files: an engine's index has dozens, each worker and connection some more."""
_NO_LIMIT = 1 << 60


def check(needed: int = 0, meminfo: Path = Path("/proc/meminfo")) -> Iterator[Finding]:
    """Memory for indexes of `needed` bytes, and limits."""
    total, free = of_machine(meminfo)
    yield judge(total, free, limit(), needed)
    yield from open_files()


def of_machine(meminfo: Path = Path("/proc/meminfo")) -> tuple[int | None, int | None]:
    """Bytes of memory, and how many are available; None for what the system does not say."""
    found: dict[str, int] = {}
    try:
        for line in meminfo.read_text().splitlines():
            name, _, value = line.partition(":")
            if value.strip().endswith("kB"):
                found[name] = int(value.split()[0]) * 1024
    except (OSError, ValueError):
        found = {}
    if "MemTotal" not in found:
        return _of_sysconf(), None
    return found["MemTotal"], found.get("MemAvailable")


def _of_sysconf() -> int | None:
    import os

    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def limit(root: Path = Path("/sys/fs/cgroup")) -> tuple[int, int] | None:
    """The container's limit in bytes and how many of them are used; None without a limit."""
    for most, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            value = int((root / most).read_text())
            if value < _NO_LIMIT:
                return value, int((root / used).read_text())
        except (OSError, ValueError):  # not there, or "max"
            continue
    return None


def judge(
    total: int | None, free: int | None, container: tuple[int, int] | None, needed: int
) -> Finding:
    """Whether so much memory does."""
    if total is None:
        return warning("memory", "the system does not say how much there is", "2 GiB are enough")
    found = size(total)
    room = total if free is None else free
    if free is not None:
        found += f", {size(free)} available"
    if container is not None and container[0] < total:
        most, used = container
        found += f"; the container may use {size(most)}, and uses {size(used)}"
        # What a container has read from files counts as used, and is given back when needed.
        room = min(room, most)
    if room < _LEAST:
        return problem(
            "memory",
            found,
            "an encoder alone takes 0.2 to 0.8 GB: end other programs, or raise the limit",
        )
    if needed > room:
        return warning(
            "memory",
            f"{found}; the collection's indexes are {size(needed)}",
            "searches will read from the disk, which takes many times longer: `lookalike plan` "
            "says what a collection of this size takes",
        )
    if room < _COMFORT:
        return warning("memory", found, "2 GiB are comfortable for indexing with one encoder")
    return ok("memory", found)


def open_files() -> Iterator[Finding]:
    """How many files may be open at a time."""
    if sys.platform == "win32":  # pragma: no cover - has no such limit
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    endless = soft == resource.RLIM_INFINITY
    found = "no limit" if endless else f"at most {soft:,}"
    if endless or soft >= _FEW_FILES:
        yield ok("open files", found)
        return
    most = "as many as you like" if hard == resource.RLIM_INFINITY else f"up to {hard:,}"
    yield warning(
        "open files", found, f"raise the limit for this shell ({most}): ulimit -n {_FEW_FILES}"
    )
