"""The encoder gets full batches while there is more to come, and waits for nothing that is not."""

import threading

import pytest
from ingest_parts import TinyEncoder, draw

from lookalike.ingest import crew, ingest
from lookalike.stores.local import LocalStore


@pytest.fixture(autouse=True)
def two_processors(monkeypatch):
    monkeypatch.setattr(crew, "processors", lambda: 2)


class Batches(TinyEncoder):
    """Begins with the first batch when so many pictures are prepared."""

    def __init__(self, wait_for):
        super().__init__()
        self.sizes = []
        self._wait_for = wait_for
        self._enough = threading.Event()

    def prepare(self, picture):
        prepared = super().prepare(picture)
        if self.prepared >= self._wait_for:
            self._enough.set()
        return prepared

    def encode_prepared(self, batch):
        self.sizes.append(len(batch))
        assert self._enough.wait(60)
        return super().encode_prepared(batch)


def index(tmp_path, count, *, wait_for=0, copies=0):
    """Index that many pictures, in a thread that may hang; the sizes of the batches."""
    for i in range(count):
        draw(tmp_path / "pictures" / f"{i:03}.png", i)
    encoder = Batches(wait_for)
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
    assert added == [count + copies]
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


def test_pictures_of_the_same_bytes_keep_nobody_waiting(tmp_path, monkeypatch):
    monkeypatch.setattr(crew, "FILL_SECONDS", 3600)
    draw(tmp_path / "pictures" / "zzz.png", 0)
    assert len(index(tmp_path, 3, copies=1)) > 0


def test_a_full_batch_is_taken_when_there_is_one(tmp_path):
    assert index(tmp_path, 60, wait_for=40)[1] == 16


def test_a_batch_waits_for_what_is_coming(tmp_path, monkeypatch):
    monkeypatch.setattr(crew, "FILL_SECONDS", 3600)
    both = threading.Barrier(2)

    def read(job):
        both.wait(60)
        job_read(job)

    job_read = crew.read
    monkeypatch.setattr(crew, "read", read)
    assert index(tmp_path, 2) == [2]
