"""Clients and servers killed while they write lose nothing that was acknowledged."""

import subprocess
import sys
from pathlib import Path

import indexing_child
import killing
import numpy as np
import pytest
from ingest_parts import draw
from milvus_server import QUICK, MilvusProcess, why_no_server

KILL = Path(__file__).resolve().parents[3] / "benchmarks" / "kill.py"


@pytest.fixture(autouse=True)
def server_can_be_had() -> None:
    if why := why_no_server():
        pytest.skip(why)


def test_killed_writers_and_servers_lose_nothing(tmp_path: Path) -> None:
    options = ["--kills", "3", "--longest", "2", "--folder", str(tmp_path), "--seed", "5"]
    ran = subprocess.run(
        [sys.executable, str(KILL), *options, "--milvus"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 kills, nothing lost" in ran.stdout


def test_killed_runs_and_servers_end_as_an_undisturbed_run(tmp_path: Path) -> None:
    for i in range(300):
        draw(tmp_path / "pictures" / f"{i // 100}" / f"{i:03}.png", i)
    paths = [tmp_path / "pictures"]
    server = MilvusProcess(tmp_path / "server", QUICK).start()
    try:
        killed, calm = server.address("killed"), tmp_path / "calm"
        acknowledged = killing.kill_again_and_again(
            killed, "tiny,phash", paths, kills=3, longest=0.5, seed=2, server=server
        )
        indexing_child.run(calm, "tiny,phash", paths)
        assert list(killing.contents(killed)) == list(killing.contents(calm))
        assert len(acknowledged) <= 300
        for encoder in ("tiny", "phash"):
            got, wanted = (killing.vectors(path, encoder) for path in (killed, calm))
            assert np.abs(got.astype(float) - wanted.astype(float)).max() < 1e-3
    finally:
        server.kill()
