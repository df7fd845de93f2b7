"""Large pictures take turns, whatever the number of processors."""

import contextlib
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ingest_parts import TinyEncoder, draw
from PIL import Image

from lookalike.imaging import decode
from lookalike.imaging.room import Room
from lookalike.ingest import ingest, job


class Watching(TinyEncoder):
    """Notes how many pixels are held at the same time."""

    def __init__(self):
        super().__init__()
        self.held = self.most = 0
        self._watch = threading.Lock()

    def prepare(self, picture):
        pixels = picture.width * picture.height
        with self._watch:
            self.held += pixels
            self.most = max(self.most, self.held)
        time.sleep(0.02)
        with self._watch:
            self.held -= pixels
        return super().prepare(picture)


@pytest.fixture
def large(tmp_path):
    """Eight PNGs of 2 megapixels, one of 8, four small ones, and one that is cut short."""
    for i in range(8):
        draw(tmp_path / "large" / f"{i}.png", i, (2000, 1000))
    draw(tmp_path / "large" / "4-largest.png", 8, (4000, 2000))
    for i in range(9, 13):
        draw(tmp_path / "large" / f"{i - 6}-small.png", i)
    broken = draw(tmp_path / "large" / "2-broken.png", 13, (2000, 1000))
    broken.write_bytes(broken.read_bytes()[:2000])
    return tmp_path / "large"


@pytest.mark.parametrize(("room", "most"), [(5_000_000, 8_000_000), (1, 8_000_000)])
def test_pixels_held_together_are_limited(store, large, monkeypatch, room, most):
    monkeypatch.setattr(job, "ROOM", Room(room))
    encoder = Watching()
    report = ingest(store, [encoder], [large], workers=8)
    assert report.added == 13
    assert len(report.failed) == 1
    assert 0 < encoder.most <= most
    assert job.ROOM._used == 0


MEASURE = """
import pathlib, re, sys
from ingest_parts import TinyEncoder
from lookalike.imaging.room import Room
from lookalike.ingest import ingest, job
from lookalike.stores.local import LocalStore
job.ROOM = Room(20_000_000)
def peak():
    # Not getrusage, whose maximum a child takes over from its parent.
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) / 1024
with LocalStore.open(sys.argv[1] + "/collection") as store:
    encoder = TinyEncoder()
    store.add_encoder(encoder.spec)
    before = peak()
    assert ingest(store, [encoder], [sys.argv[1] + "/large"], workers=6).added == 6
    print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures what Linux says")
def test_the_memory_of_large_pictures_does_not_grow_with_workers(tmp_path):
    for i in range(6):
        draw(tmp_path / "large" / f"{i}.png", i, (5000, 4000))
    found = subprocess.run(
        [sys.executable, "-c", MEASURE, tmp_path],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    # One takes 76 MiB; 380 would be kept, were none given back.
    assert float(found.stdout) < 200, found


def test_no_order_of_sizes_stops_for_ever():
    room = Room(100)
    inside, most = [], []
    lock = threading.Lock()

    def one(pixels):
        with room.for_one() as take:
            take(pixels)
            with lock:
                inside.append(pixels)
                most.append((sum(inside), len(inside)))
            time.sleep(0.0005)
            with lock:
                inside.remove(pixels)

    sizes = [1, 30, 99, 100, 101, 5000, 50, 50] * 30
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one, sizes, timeout=60))
    assert all(total <= 100 or count == 1 for total, count in most)
    assert max(count for _, count in most) > 1


def test_a_picture_that_fails_leaves_its_room():
    room = Room(10)
    with contextlib.suppress(RuntimeError), room.for_one() as take:
        take(10)
        raise RuntimeError
    with room.for_one() as take:
        take(10)


def test_nothing_is_taken_of_a_picture_that_never_was_decoded():
    room = Room(10)
    with room.for_one():
        pass
    assert room._used == 0


@pytest.mark.parametrize(
    ("name", "options", "pixels"),
    [
        ("a.png", {}, 800 * 640),
        ("a.jpg", {}, 200 * 160),
        ("a.jpg", {"progressive": True}, 800 * 640),
    ],
)
def test_what_decoding_will_hold_is_told_first(tmp_path, name, options, pixels):
    Image.new("RGB", (800, 640), "red").save(tmp_path / name, **options)
    told = []
    decode((tmp_path / name).read_bytes(), min_side=100, before=told.append)
    assert told == [pixels]
