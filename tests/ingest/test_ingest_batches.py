"""The encoder gets full batches while there is more to come, and waits for nothing that is not."""

import threading

import numpy as np
from ingest_parts import TinyEncoder, draw

from lookalike.ingest import crew, ingest
from lookalike.stores.local import LocalStore


class Batches(TinyEncoder):
    def __init__(self):
        super().__init__(seconds=0.002)
        self.sizes = []

    def encode_prepared(self, batch):
        self.sizes.append(len(batch))
        return super().encode_prepared(batch)


def index(tmp_path, count):
    """Index that many pictures, in a thread that may hang; the sizes of the batches."""
    for i in range(count):
        draw(tmp_path / "pictures" / f"{i:03}.png", i)
    encoder = Batches()
    added = []

    def run():
        with LocalStore.open(tmp_path / "collection") as store:
            store.add_encoder(encoder.spec)
            report = ingest(store, [encoder], [tmp_path / "pictures"])
            added.append(report.added)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert added == [count]
    return encoder.sizes


def test_the_last_pictures_wait_for_no_others(tmp_path, monkeypatch):
    monkeypatch.setattr(crew, "FILL_SECONDS", 3600)
    assert sum(index(tmp_path, 3)) == 3


def test_a_broken_last_picture_keeps_nobody_waiting(tmp_path, monkeypatch):
    monkeypatch.setattr(crew, "FILL_SECONDS", 3600)
    broken = tmp_path / "pictures" / "zzz.png"
    broken.parent.mkdir()
    broken.write_bytes(b"no picture")
    assert sum(index(tmp_path, 3)) == 3


def test_batches_fill_while_there_is_more_to_come(tmp_path, monkeypatch):
    monkeypatch.setattr(crew, "FILL_SECONDS", 3600)
    sizes = index(tmp_path, 300)
    assert sum(sizes) == 300
    assert max(sizes) >= 16
    assert np.median(sizes) > 8
