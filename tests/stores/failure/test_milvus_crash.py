"""Clients killed while they write lose nothing that was acknowledged.

`benchmarks/kill.py` and `kill_ingest.py` do the same far more often, and kill the server as well.
"""

from pathlib import Path

import indexing_child
import kill
import killing
import numpy as np
from ingest_parts import draw
from milvus_server import MilvusProcess


def test_killed_writers_lose_nothing(milvus: MilvusProcess) -> None:
    kill.kill_again_and_again(milvus.address("kill?timeout=600"), kills=2, longest=2.0, seed=5)


def test_killed_runs_end_as_an_undisturbed_run(milvus: MilvusProcess, tmp_path: Path) -> None:
    for i in range(200):
        draw(tmp_path / "pictures" / f"{i // 100}" / f"{i:03}.png", i)
    paths = [tmp_path / "pictures"]
    killed, calm = milvus.address("killed?timeout=600"), tmp_path / "calm"
    acknowledged = killing.kill_again_and_again(
        killed, "tiny,phash", paths, kills=2, longest=0.5, seed=2
    )
    indexing_child.run(calm, "tiny,phash", paths)
    assert list(killing.contents(killed)) == list(killing.contents(calm))
    assert len(acknowledged) <= 200
    for encoder in ("tiny", "phash"):
        got, wanted = (killing.vectors(path, encoder) for path in (killed, calm))
        assert np.abs(got.astype(float) - wanted.astype(float)).max() < 1e-3
