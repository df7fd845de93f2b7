"""One writer at a time, with real second processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lookalike.errors import CollectionLockedError, UsageError
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

_HOLD = """
import sys
from lookalike.stores.local import LocalStore
store = LocalStore.open(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
store.close()
"""


@contextmanager
def another_writer(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _HOLD, str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        process.kill()


def test_second_process_is_told_who_holds_the_collection(tmp_path: Path) -> None:
    with another_writer(tmp_path) as process:
        with pytest.raises(CollectionLockedError) as caught:
            LocalStore.open(tmp_path)
        assert caught.value.pid == process.pid
        assert f"Process {process.pid}" in str(caught.value)
        assert str(tmp_path) in str(caught.value)
        assert f"kill {process.pid}" in str(caught.value)


def test_lock_ends_with_a_killed_process(tmp_path: Path) -> None:
    with another_writer(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        LocalStore.open(tmp_path).close()


def test_same_process_is_told_that_it_is_itself(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path):
        with pytest.raises(CollectionLockedError, match="This program already") as caught:
            LocalStore.open(tmp_path)
        assert caught.value.pid == os.getpid()
    LocalStore.open(tmp_path).close()


def test_lock_is_let_go_when_opening_fails(tmp_path: Path) -> None:
    LocalStore.open(tmp_path).close()
    catalogue = tmp_path / "catalogue.sqlite3"
    good = catalogue.read_bytes()
    catalogue.write_bytes(b"nonsense " * 1000)
    with pytest.raises(Exception, match="damaged"):
        LocalStore.open(tmp_path)
    catalogue.write_bytes(good)
    LocalStore.open(tmp_path).close()


def test_reader_works_beside_a_writer(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path) as writer:
        writer.upsert([Entry("/a.jpg")])
        with LocalStore.open(tmp_path, read_only=True) as reader:
            assert [record.uri for record in reader.scan()] == ["/a.jpg"]
            writer.upsert([Entry("/b.jpg")])
            assert reader.count() == 2
            assert sorted(reader.find(["/a.jpg", "/b.jpg"])) == ["/a.jpg", "/b.jpg"]


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.upsert([Entry("/c.jpg")]),
        lambda store: store.delete([1]),
        lambda store: store.move({1: Entry("/c.jpg")}),
        lambda store: store.update_attributes({1: {}}),
        lambda store: store.add_encoder(EncoderSpec("e", "embedding", 4)),
        lambda store: store.optimize(),
        lambda store: store.rebuild(),
    ],
)
def test_reader_refuses_to_write(tmp_path: Path, change) -> None:  # type: ignore[no-untyped-def]
    with LocalStore.open(tmp_path) as writer:
        writer.upsert([Entry("/a.jpg")])
    with (
        LocalStore.open(tmp_path, read_only=True) as reader,
        pytest.raises(UsageError, match="read-only"),
    ):
        change(reader)
