"""The processor: its instruction sets, and how many of its cores may be used."""

import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path

from lookalike.doctor.finding import Finding, ok, problem, warning
from lookalike.processors import processors

NEEDED = {"sse4_2": "SSE4.2", "avx2": "AVX2"}
"""What Milvus and the engine are built for on x86, by its name in /proc/cpuinfo."""
HELPFUL = {
    "fma": "FMA",
    "avx512f": "AVX-512",
    "avx512_vnni": "AVX-512 VNNI",
    "avx_vnni": "AVX VNNI",
    "avx512_bf16": "AVX-512 BF16",
    "amx_int8": "AMX",
}
_X86 = ("x86_64", "amd64", "i386", "i686")
_ARM = ("aarch64", "arm64")
_SYSCTL = ("hw.optional.avx2_0", "hw.optional.sse4_2", "hw.optional.avx512f")
_OF_SYSCTL = dict(zip(_SYSCTL, ("avx2", "sse4_2", "avx512f"), strict=True))


def check(
    cpuinfo: Path = Path("/proc/cpuinfo"), cgroup: Path = Path("/sys/fs/cgroup")
) -> Iterator[Finding]:
    """Instruction sets and cores."""
    yield instructions(platform.machine(), flags(cpuinfo))
    yield cores(processors(), quota(cgroup))


def flags(cpuinfo: Path) -> frozenset[str] | None:
    """Names of the instruction sets, as /proc/cpuinfo has them; None where nothing says."""
    try:
        text = cpuinfo.read_text("utf-8", "replace")
    except OSError:
        return _of_mac() if platform.system() == "Darwin" else None
    for line in text.splitlines():
        name, _, values = line.partition(":")
        if name.strip() in {"flags", "Features"}:
            return frozenset(values.split())
    return None


def _of_mac() -> frozenset[str] | None:
    try:
        said = subprocess.run(  # noqa: S603 - our own arguments
            ["/usr/sbin/sysctl", *_SYSCTL], capture_output=True, text=True, timeout=5, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    pairs = (line.partition(": ") for line in said.splitlines())
    return frozenset(_OF_SYSCTL[name] for name, _, value in pairs if value.strip() == "1")


def instructions(machine: str, found: frozenset[str] | None) -> Finding:
    """What a processor with these instruction sets is good for."""
    topic = "instruction sets"
    if machine.lower() in _ARM:
        if found is not None and "asimd" not in found and platform.system() == "Linux":
            return problem(
                topic,
                f"{machine} without NEON (asimd)",
                "the engine and Milvus need NEON on ARM: use another machine",
            )
        return ok(topic, f"{machine} with NEON")
    if machine.lower() not in _X86:
        return warning(
            topic,
            f"{machine}, which the engine and the models are not made for",
            "expect packages to be missing; x86-64 and ARM 64 are what they are built for",
        )
    if found is None:
        return warning(
            topic,
            f"{machine}; this system does not say which it has",
            "the engine and Milvus need SSE4.2 and AVX2: look it up for your processor",
        )
    missing = [shown for name, shown in NEEDED.items() if name not in found]
    have = [shown for name, shown in {**NEEDED, **HELPFUL}.items() if name in found]
    if missing:
        return problem(
            topic,
            f"{' and '.join(missing)} missing (there: {', '.join(have) or 'none that helps'})",
            "Milvus and the engine need SSE4.2 and AVX2, and end with an illegal instruction "
            "without. Use a machine that has them, Intel's since 2013 and AMD's since 2015; in a "
            "virtual machine, have the host's processor passed through (QEMU: -cpu host)",
        )
    return ok(topic, ", ".join(have))


def quota(cgroup: Path) -> float | None:
    """Cores that the container may use at a time; None without a limit."""
    try:
        most, period = (cgroup / "cpu.max").read_text().split()
        return None if most == "max" else int(most) / int(period)
    except (OSError, ValueError):
        pass
    try:
        most = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text()
        period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text()
        return None if int(most) <= 0 else int(most) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def cores(count: int, most: float | None) -> Finding:
    """How many processors there are to work with."""
    found = f"{count}" + ("" if most is None else f", of which the container may use {most:g}")
    if most is not None and most < count:
        return warning(
            "cores",
            found,
            "threads are made for all of them and wait for each other: raise the container's "
            "limit, or pin it to as many processors (docker run --cpuset-cpus)",
        )
    if count == 1:
        return warning("cores", found, "indexing takes about twice as long as on two")
    return ok("cores", found)
