"""A process that dies in the middle loses at most the batch in flight.

`benchmarks/kill_ingest.py` does the same twenty times over with real encoders.
"""

import shutil

import indexing_child
import killing
import numpy as np
import pytest
from ingest_parts import draw

from lookalike.stores.local import LocalStore


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


@pytest.mark.parametrize("on_duplicate", ["skip", "link"])
def test_killed_among_duplicates(tmp_path, on_duplicate):
    """What is left out or linked does not depend on where the runs before ended."""
    pictures = tmp_path / "pictures"
    for i in range(60):
        first = draw(pictures / f"{i:03}.png", i)
        shutil.copy(first, pictures / f"{i:03} again.png")
    # A space sorts before a point: the copies are the originals.
    killed, calm = tmp_path / "killed", tmp_path / "calm"
    killing.kill_again_and_again(
        killed, "tiny,phash", [pictures], kills=2, longest=0.3, seed=3, on_duplicate=on_duplicate
    )
    indexing_child.run(calm, "tiny,phash", [pictures], on_duplicate=on_duplicate)
    assert list(killing.contents(killed)) == list(killing.contents(calm))
    found = [duplicates(path, pictures) for path in (killed, calm)]
    assert found[0] == found[1]
    assert len(found[0]) >= 60


def duplicates(collection, pictures):
    """Of each file that was left out or linked by name, its original's name."""
    with LocalStore.open(collection) as store:
        names = {record.id: record.uri for record in store.scan()}
        links = {record.uri: record.duplicate_of for record in store.scan()}
        skipped = store.skipped([str(path) for path in pictures.iterdir()])
    links |= {uri: one.duplicate_of for uri, one in skipped.items()}
    return {uri: names[key] for uri, key in links.items() if key is not None}
