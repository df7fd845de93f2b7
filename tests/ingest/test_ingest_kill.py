"""A process that dies in the middle loses at most the batch in flight.

`benchmarks/kill_ingest.py` does the same twenty times over with real encoders.
"""

import indexing_child
import killing
import numpy as np
from ingest_parts import draw


def test_killed_three_times_then_finished(tmp_path):
    for i in range(300):
        draw(tmp_path / "pictures" / f"{i // 100}" / f"{i:03}.png", i)
    paths = [tmp_path / "pictures"]
    killed, calm = tmp_path / "killed", tmp_path / "calm"
    acknowledged = killing.kill_again_and_again(
        killed, "tiny,phash", paths, kills=3, longest=0.3, seed=2
    )
    indexing_child.run(calm, "tiny,phash", paths)
    assert list(killing.contents(killed)) == list(killing.contents(calm))
    assert len(acknowledged) <= 300
    for encoder in ("tiny", "phash"):
        got, wanted = (killing.vectors(path, encoder) for path in (killed, calm))
        assert np.array_equal(got, wanted)
