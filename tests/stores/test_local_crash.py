"""A process killed while it writes loses nothing that the store acknowledged."""

import subprocess
import sys
from pathlib import Path

import pytest

KILL = Path(__file__).resolve().parents[2] / "benchmarks" / "kill.py"


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_writers_lose_nothing(tmp_path: Path) -> None:
    options = ["--kills", "4", "--longest", "1.5", "--folder", str(tmp_path), "--seed", "5"]
    ran = subprocess.run(
        [sys.executable, str(KILL), *options], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "4 kills, nothing lost" in ran.stdout
