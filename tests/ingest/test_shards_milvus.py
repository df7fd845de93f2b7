"""Four workers that index at a time into one server make what one worker makes."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from milvus_server import QUICK, MilvusProcess, why_no_server
from PIL import Image, ImageOps

import lookalike
from lookalike.collection import Collection
from lookalike.stores.milvus.ids import natural_id

WORKERS = 4
ENCODERS = "phash,sscd-distilled"
WITHIN = 300.0
"""Seconds after which a worker hangs; alone on two processors all take less than 10."""
AT_ITS_RECORDS = """
import os, pathlib, signal, sys, time
from lookalike.cli import main
from lookalike.stores.milvus.connection import Connection

name, *events = sys.argv.pop(1).split(",")
write = Connection.upsert

def upsert(self, table, *rest, **named):
    if table.name == name and events:
        event = events.pop()
        if event == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        pathlib.Path(event + "-reached").touch()
        while not pathlib.Path("go-on").exists():
            time.sleep(0.02)
    return write(self, table, *rest, **named)

Connection.upsert = upsert
main()
"""
"""A worker that dies or waits when its first vectors are written, and their records are not."""


class Worker:
    """One process of `lookalike index --shard`, in a folder of its own."""

    def __init__(
        self, part: int, arguments: Sequence[str], folder: Path, report: Path, event: str = ""
    ) -> None:
        self._arguments = [
            *("index", *arguments, "--shard", f"{part}/{WORKERS}", "--report", str(report))
        ]
        self._folder = folder
        self._log = folder / f"worker-{part}.log"
        self._run(AT_ITS_RECORDS, event) if event else self.start()

    def start(self) -> None:
        self._run("from lookalike.cli import main; main()")

    def _run(self, code: str, *given: str) -> None:
        command = [sys.executable, "-c", code, *given, *self._arguments]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder)

    def done(self) -> bool:
        """Wait for the end; one that the server failed is started again, as a scheduler does."""
        while (status := self.process.wait(WITHIN)) == 3:
            assert "Milvus at" in self.said()
            self.start()
        return status in {0, 1}

    def said(self) -> str:
        said = self._log.read_text()
        assert "Traceback" not in said, said
        return said


@pytest.fixture
def pictures(tmp_path: Path, photos: Path) -> Path:
    """Small photographs, one with a border, some the same bytes twice, and one broken."""
    folder = tmp_path / "pictures"
    for number, path in enumerate(sorted(photos.rglob("*.jpg"))[::12]):
        with Image.open(path) as picture:
            picture.thumbnail((96, 96))
            for turn in range(5):
                name = folder / f"{turn}" / f"{number}.jpg"
                name.parent.mkdir(parents=True, exist_ok=True)
                small = picture.crop((turn, turn, picture.width, picture.height))
                (ImageOps.expand(small, 12) if turn == 4 else small).save(name)
    shutil.copytree(folder / "0", folder / "again")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    return folder


@contextmanager
def several(
    folder: Path, report: Path, arguments: Sequence[str], events: Mapping[int, str]
) -> Iterator[list[Worker]]:
    """One worker for each part, some of which something happens to; none is left behind."""
    workers = [
        Worker(part, arguments, folder, report, events.get(part, "")) for part in range(WORKERS)
    ]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.process.kill()
            worker.process.wait()


def merged(report: Path) -> dict[str, object]:
    command = [sys.executable, "-c", "from lookalike.cli import main; main()"]
    done = subprocess.run(
        [*command, "report", str(report), "--json"], stdout=subprocess.PIPE, check=False
    )
    assert done.returncode in {0, 1, 3}
    found: dict[str, object] = json.loads(done.stdout)
    return found


def wait_for(*paths: Path) -> None:
    """Wait until these files are there."""
    until = time.monotonic() + WITHIN
    while not all(path.exists() for path in paths):
        assert time.monotonic() < until, f"{paths} were not all there in {WITHIN:.0f} s"
        time.sleep(0.02)


def same(one: Collection, other: Collection) -> None:
    """Equal records with equal vectors; a folder counts its ids, and a server's come of names."""
    mine = {record.uri: record for record in one.list()}
    theirs = {record.uri: record for record in other.list()}
    assert mine.keys() == theirs.keys()
    assert len(mine) == len(one) == len(other), "a picture is there twice"
    assert set(one.encoders) == set(other.encoders)
    for uri, record in mine.items():
        twin = theirs[uri]
        assert twin.id == natural_id("", uri)
        assert twin == replace(record, id=twin.id, added=twin.added, updated=twin.updated)
        assert one.qualities_of(record.id) == other.qualities_of(twin.id)
    for spec in one.encoders:
        store, far = one._store, other._store
        order = sorted(mine)
        at = [mine[uri].id for uri in order]
        away = [theirs[uri].id for uri in order]
        assert not store.missing(spec.name)
        vectors, others = store.vectors(spec.name, at), far.vectors(spec.name, away)
        rows = np.stack([vectors[key] for key in at])
        others_rows = np.stack([others[key] for key in away])
        if spec.kind == "hash":
            np.testing.assert_array_equal(rows, others_rows)
        else:
            # A picture's last bits depend on what is encoded with it.
            assert (rows * others_rows).sum(axis=1).min() > 0.999
        trimmed, others = store.trimmed(spec.name, at), far.trimmed(spec.name, away)
        assert len(trimmed) == len(others)
        for key, twin in zip(at, away, strict=True):
            if key in trimmed:
                np.testing.assert_array_equal(trimmed[key], others[twin])


def test_four_workers_one_of_them_killed_make_what_one_makes(
    milvus: MilvusProcess, pictures: Path, tmp_path: Path
) -> None:
    given = [str(pictures), "--encoder", ENCODERS, "--set", "season=summer"]
    address, report = milvus.address("shards_together"), tmp_path / "job"
    events = {2: "shards_together,die"}
    with several(tmp_path, report, [*given, "-c", address], events) as workers:
        assert workers[2].process.wait(WITHIN) == -signal.SIGKILL
        state = merged(report)
        assert 2 in state["unfinished"]  # type: ignore[operator]
        assert not state["missing"]

        workers[2].start()
        assert all(worker.done() for worker in workers), [one.said() for one in workers]
    with lookalike.open(tmp_path / "local", encoder=ENCODERS) as one:
        done = one.add(pictures, attributes={"season": "summer"})
        with lookalike.open(address) as many:
            same(one, many)
            some = next(many.list())
            assert many.search(id=some.id, limit=1).hits[0].score == pytest.approx(1, abs=1e-3)
            assert many.stats().problems == ()
            again = many.add(pictures, prune=True)
            assert (again.unchanged, again.added, again.removed) == (len(many), 0, 0)

    state = merged(report)
    assert (state["unfinished"], state["missing"]) == ([], [])
    assert state["pictures"] == done.pictures
    total = state["total"]
    assert isinstance(total, dict)
    assert [one["uri"] for one in total["failed"]] == [one.uri for one in done.failed]
    attempts = {one["shard"]: one["attempts"] for one in state["workers"]}  # type: ignore[attr-defined]
    assert attempts.keys() == set(range(WORKERS))
    assert attempts[2] >= 2


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[MilvusProcess]:
    """A server to be killed."""
    if why := why_no_server():
        pytest.skip(why)
    server = MilvusProcess(tmp_path / "server", QUICK).start()
    yield server
    server.kill()
    shutil.rmtree(tmp_path / "server")


def test_the_server_is_killed_while_four_workers_write(
    own_server: MilvusProcess, pictures: Path, tmp_path: Path
) -> None:
    """Each has written vectors, and is about to write their records."""
    name = "shards_killed"
    address, report = own_server.address(name), tmp_path / "job"
    given = [str(pictures), "--encoder", "phash", "-c", address]
    events = {part: f"{name},{part}" for part in range(WORKERS)}
    with several(tmp_path, report, given, events) as workers:
        wait_for(*(tmp_path / f"{part}-reached" for part in range(WORKERS)))
        own_server.kill()
        (tmp_path / "go-on").touch()
        own_server.restart()
        assert all(worker.done() for worker in workers), [one.said() for one in workers]
    assert merged(report)["unfinished"] == []
    with lookalike.open(tmp_path / "local", encoder="phash") as one:
        one.add(pictures)
        with lookalike.open(address) as many:
            same(one, many)
