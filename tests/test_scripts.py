"""The scripts of the README: what they say where they cannot work. `.ci/run` runs them in full."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The scripts alone, in a folder whose name has a space."""
    folder = tmp_path / "a clone"
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def fake_python(path: Path, version: str) -> Path:
    """A Python that is too old: refuses every program, and tells its version."""
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "Python {version}" && exit\nexit 1\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("script", ["demo", "test"])
def test_python_too_old_is_one_clear_message(clone: Path, script: str) -> None:
    old = fake_python(clone / "old python", "3.9.2")
    done = subprocess.run(
        [clone / "scripts" / script],
        env={**os.environ, "PYTHON": str(old)},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert "Python 3.9.2" in done.stderr
    assert "PYTHON=" in done.stderr
    assert not (clone / ".venv-demo").exists()


def test_python_that_cannot_make_environments_is_one_clear_message(clone: Path) -> None:
    bare = clone / "bare python"
    bare.write_text('#!/bin/sh\n[ "$1" = -m ] && exit 1\nexit 0\n')
    bare.chmod(0o755)
    done = subprocess.run(
        [clone / "scripts" / "demo"],
        env={**os.environ, "PYTHON": str(bare)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "python3-venv" in done.stderr


@pytest.mark.parametrize(
    "script", [ROOT / "scripts" / name for name in ("demo", "test", "venv.sh")] + [ROOT / ".ci/run"]
)
def test_scripts_are_valid_bash(script: Path) -> None:
    subprocess.run(["bash", "-n", script], check=True)
