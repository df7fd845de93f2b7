"""Four workers that index at a time into one server make what one worker makes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from milvus_server import QUICK, MilvusProcess, why_no_server
from PIL import Image, ImageOps

import lookalike
from lookalike.collection import Collection
from lookalike.errors import NotFoundError, StoreError

WORKERS = 4
ENCODERS = "phash,sscd-distilled"
ON_ONE_PROCESSOR = (
    "import os; own = sorted(os.sched_getaffinity(0)); "
    "os.sched_setaffinity(0, [own[{} % len(own)]]); "
    "from lookalike.cli import main; main()"
)
"""Workers whose encoders each want all processors wait for each other most of the time."""
WITHIN = 120.0
"""Seconds after which a worker hangs."""


class Worker:
    """One process of `lookalike index --shard`."""

    def __init__(self, part: int, arguments: Sequence[str], folder: Path, report: Path) -> None:
        self._command = [
            *(sys.executable, "-c", ON_ONE_PROCESSOR.format(part), "index"),
            *(*arguments, "--shard", f"{part}/{WORKERS}", "--report", str(report)),
        ]
        self._log = folder / f"worker-{part}.log"
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log)

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        assert self.process.wait() == -signal.SIGKILL, f"it was done:\n{self.said()}"

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
    """Small photographs, some with borders, some the same bytes twice, and one broken."""
    folder = tmp_path / "pictures"
    for number, path in enumerate(sorted(photos.rglob("*.jpg"))[::4]):
        with Image.open(path) as picture:
            picture.thumbnail((160, 160))
            for turn in range(6):
                name = folder / f"{turn}" / f"{number}.jpg"
                name.parent.mkdir(parents=True, exist_ok=True)
                small = picture.crop((turn, turn, picture.width, picture.height))
                (ImageOps.expand(small, 12) if turn == 5 else small).save(name)
    shutil.copytree(folder / "0", folder / "again")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    return folder


@contextmanager
def several(folder: Path, report: Path, arguments: Sequence[str]) -> Iterator[list[Worker]]:
    """One worker for each part; none is left behind."""
    workers = [Worker(part, arguments, folder, report) for part in range(WORKERS)]
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


def when_some_are_there(address: str, count: int) -> None:
    """Wait until so many records can be read."""
    until = time.monotonic() + WITHIN
    while time.monotonic() < until:
        try:
            with lookalike.open(address, create=False, read_only=True) as there:
                while time.monotonic() < until:
                    if len(there) >= count:
                        return
                    time.sleep(0.02)
        except (NotFoundError, StoreError):
            time.sleep(0.1)
    raise TimeoutError(f"{count} records were not there in {WITHIN:.0f} s")


def same(one: Collection, other: Collection, *, ids: bool = True) -> None:
    """Equal records with equal vectors; without `ids` those of a store that counts them itself."""
    mine = {record.uri: record for record in one.list()}
    theirs = {record.uri: record for record in other.list()}
    assert mine.keys() == theirs.keys()
    assert len(mine) == len(one) == len(other), "a picture is there twice"
    assert set(one.encoders) == set(other.encoders)
    for uri, record in mine.items():
        twin = theirs[uri]
        alike = replace(twin, added=record.added, updated=record.updated)
        assert record == (alike if ids else replace(alike, id=record.id))
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
    alone, together = milvus.address("shards_alone"), milvus.address("shards_together")
    report = tmp_path / "job"
    with several(tmp_path, report, [*given, "-c", together]) as workers:
        when_some_are_there(together, 1)
        workers[2].kill()
        state = merged(report)
        assert state["unfinished"]
        assert not state["missing"]

        workers[2].start()
        assert all(worker.done() for worker in workers), [one.said() for one in workers]
    with lookalike.open(alone, encoder=ENCODERS) as one:
        done = one.add(pictures, attributes={"season": "summer"})
        with lookalike.open(together) as many:
            same(one, many)
            some = next(many.list())
            assert many.search(id=some.id, limit=1).hits[0].score == pytest.approx(1, abs=1e-3)

    state = merged(report)
    assert (state["unfinished"], state["missing"]) == ([], [])
    assert state["pictures"] == done.pictures
    total = state["total"]
    assert isinstance(total, dict)
    assert [one["uri"] for one in total["failed"]] == [one.uri for one in done.failed]
    attempts = {one["shard"]: one["attempts"] for one in state["workers"]}  # type: ignore[attr-defined]
    assert attempts.keys() == set(range(WORKERS))
    assert attempts[2] >= 2


def test_what_another_worker_may_be_writing_is_not_swept(
    milvus: MilvusProcess, photos: Path
) -> None:
    from pymilvus import MilvusClient

    name = "shards_swept"
    pictures = sorted((photos / "animals").glob("*.jpg"))
    server = MilvusClient(milvus.uri)

    def vectors() -> int:
        rows = server.query(
            f"{name}__phash", "row >= 0", output_fields=["count(*)"], consistency_level="Strong"
        )
        return int(rows[0]["count(*)"])

    with lookalike.open(milvus.address(name), encoder="phash") as collection:
        assert collection.add(pictures).added == len(pictures)
        # As it is between the two writes of another process: the vector first, the record last.
        server.delete(name, ids=[next(collection.list()).id])
    # Opened again, since a collection need not see at once what others write.
    with lookalike.open(milvus.address(name)) as collection:
        assert len(collection) == len(pictures) - 1
        collection._store.optimize(alone=False)
        assert vectors() == len(pictures)
        collection._store.optimize()
        assert vectors() == len(pictures) - 1
    server.close()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[MilvusProcess]:
    """A server to be killed."""
    if why := why_no_server():
        pytest.skip(why)
    server = MilvusProcess(tmp_path / "server", QUICK).start()
    yield server
    server.kill()
    shutil.rmtree(tmp_path / "server")


def test_the_server_is_killed_while_four_workers_index(
    own_server: MilvusProcess, pictures: Path, tmp_path: Path
) -> None:
    address = own_server.address("shards_killed")
    report = tmp_path / "job"
    given = [str(pictures), "--encoder", "phash", "-c", address]
    with several(tmp_path, report, given) as workers:
        when_some_are_there(address, 1)
        own_server.kill()
        own_server.restart()
        assert all(worker.done() for worker in workers), [one.said() for one in workers]
    assert merged(report)["unfinished"] == []
    with lookalike.open(tmp_path / "local", encoder="phash") as one:
        one.add(pictures)
        with lookalike.open(address) as many:
            same(one, many, ids=False)
