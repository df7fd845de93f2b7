import os
import sys
from pathlib import Path

import pytest

from lookalike.doctor import disk, memory, processor, terminal

MODERN = frozenset({"sse4_2", "avx2", "fma", "avx512f"})


@pytest.mark.parametrize("missing", [{"avx2"}, {"sse4_2"}, {"avx2", "sse4_2"}])
def test_missing_instruction_sets_are_named(missing: set[str]) -> None:
    finding = processor.instructions("x86_64", MODERN - missing)
    assert finding.level == "problem"
    for name in missing:
        assert processor.NEEDED[name] in finding.found
    assert "Milvus" in finding.advice


@pytest.mark.parametrize("machine", ["x86_64", "AMD64"])
def test_modern_processors_are_fit(machine: str) -> None:
    finding = processor.instructions(machine, MODERN)
    assert (finding.level, finding.found) == ("ok", "SSE4.2, AVX2, FMA, AVX-512")


def test_other_processors() -> None:
    assert processor.instructions("aarch64", frozenset({"asimd", "fp"})).level == "ok"
    assert processor.instructions("riscv64", None).level == "warning"
    assert processor.instructions("x86_64", None).level == "warning"


@pytest.mark.skipif(sys.platform != "linux", reason="only there without NEON for sure")
def test_arm_without_neon() -> None:
    assert processor.instructions("aarch64", frozenset({"fp"})).level == "problem"


def test_flags_are_read(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nflags\t\t: fpu sse4_2 avx2\n\nprocessor\t: 1\n")
    assert processor.flags(cpuinfo) == {"fpu", "sse4_2", "avx2"}
    cpuinfo.write_text("processor\t: 0\nFeatures\t: fp asimd\n")
    assert processor.flags(cpuinfo) == {"fp", "asimd"}
    cpuinfo.write_text("nothing of the kind\n")
    assert processor.flags(cpuinfo) is None


def test_quota_of_a_container(tmp_path: Path) -> None:
    assert processor.quota(tmp_path) is None
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert processor.quota(tmp_path) is None
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert processor.quota(tmp_path) == 1.5
    (tmp_path / "cpu.max").unlink()
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert processor.quota(tmp_path) is None
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("50000\n")
    assert processor.quota(tmp_path) == 0.5


def test_cores() -> None:
    assert processor.cores(8, None).level == "ok"
    assert processor.cores(8, 8.0).level == "ok"
    assert processor.cores(8, 1.5).level == "warning"
    assert processor.cores(1, None).level == "warning"


def test_memory_is_read(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 2048 kB\nMemFree: 10 kB\nMemAvailable: 1024 kB\nHugePages: 0\n")
    assert memory.of_machine(meminfo) == (2 << 20, 1 << 20)
    total, free = memory.of_machine(tmp_path / "none")
    assert free is None
    assert total is None or total > 1 << 20


def test_limits_of_containers(tmp_path: Path) -> None:
    assert memory.limit(tmp_path) is None
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.limit(tmp_path) is None
    (tmp_path / "memory.max").write_text("4294967296\n")
    (tmp_path / "memory.current").write_text("1000\n")
    assert memory.limit(tmp_path) == (4 << 30, 1000)
    (tmp_path / "memory.max").unlink()
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text(f"{(1 << 63) - 4096}\n")
    assert memory.limit(tmp_path) is None


@pytest.mark.parametrize(
    ("free", "container", "needed", "level"),
    [
        (8 << 30, None, 0, "ok"),
        (8 << 30, (16 << 30, 1 << 30), 0, "ok"),
        (8 << 30, (512 << 20, 0), 0, "problem"),
        (512 << 20, None, 0, "problem"),
        (3 << 29, None, 0, "warning"),
        (8 << 30, None, 9 << 30, "warning"),
        (None, None, 0, "ok"),
    ],
)
def test_memory_is_judged(
    free: int | None, container: tuple[int, int] | None, needed: int, level: str
) -> None:
    assert memory.judge(15 << 30, free, container, needed).level == level


def test_memory_that_the_system_hides() -> None:
    assert memory.judge(None, None, None, 0).level == "warning"


def test_few_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    for soft, level in ((256, "warning"), (4096, "ok"), (resource.RLIM_INFINITY, "ok")):
        monkeypatch.setattr(resource, "getrlimit", lambda _, soft=soft: (soft, 8192))
        (finding,) = memory.open_files()
        assert finding.level == level
        assert ("ulimit -n" in finding.advice) == (level == "warning")


def test_nearest_folder(tmp_path: Path) -> None:
    assert disk.nearest(tmp_path / "a" / "b") == tmp_path
    assert disk.nearest(tmp_path) == tmp_path


@pytest.mark.parametrize(
    ("free", "indexes", "level"),
    [
        (1 << 40, 0, "ok"),
        (1 << 20, 0, "problem"),
        (1 << 29, 0, "warning"),
        (2 << 40, 3 << 40, "warning"),
    ],
)
def test_room(
    free: int, indexes: int, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": free, "total": 4 << 40})
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: usage)
    assert disk.room(tmp_path, 64 << 20, indexes).level == level


def test_room_of_a_disk_that_is_gone(tmp_path: Path) -> None:
    assert disk.room(tmp_path / "gone", 64 << 20, 0).level == "problem"


def test_speed_leaves_nothing(tmp_path: Path) -> None:
    topics = [finding.topic for finding in disk.speed(tmp_path)]
    assert topics == ["disk speed", "file times"]
    assert not list(tmp_path.iterdir())


def test_a_slow_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(10**6))
    monkeypatch.setattr(disk.time, "perf_counter", lambda: float(next(clock)))
    assert next(disk.speed(tmp_path)).level == "warning"


def test_a_disk_that_takes_nothing(tmp_path: Path) -> None:
    (finding,) = disk.speed(tmp_path / "gone")
    assert finding.level == "problem"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "disk speed" in {f.topic for f in disk.check(tmp_path) if f.level == "warning"}


@pytest.mark.parametrize(("skew", "level"), [(0.5, "ok"), (30.0, "warning"), (-30.0, "warning")])
def test_file_times(skew: float, level: str) -> None:
    assert disk.file_times(skew).level == level


def test_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    assert disk.temporary().topic == "temporary files"

    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory")

    monkeypatch.setattr(disk.tempfile, "gettempdir", none)
    assert disk.temporary().level == "problem"


@pytest.mark.parametrize(
    ("output", "names", "level"),
    [("utf-8", "utf-8", "ok"), ("UTF8", "utf_8", "ok"), ("ascii", "utf-8", "warning")],
)
def test_text(output: str, names: str, level: str) -> None:
    assert terminal.judge(output, names).level == level
