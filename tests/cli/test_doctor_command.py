import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
Process = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_OFFLINE", "1")


def test_findings_are_told(run: Run, five: Path) -> None:
    said = run("doctor", "-c", str(five), status=None).stdout
    assert "instruction sets: " in said
    assert "5 records" in said
    assert "model mobilenet-v3-large" in said


def test_json(run: Run, tmp_path: Path) -> None:
    found = json.loads(run("doctor", "-c", str(tmp_path / "none"), "--json", status=None).stdout)
    assert {"topic", "level", "found", "advice"} == set(found[0])
    assert all((one["advice"] is None) == (one["level"] == "ok") for one in found)


def test_a_problem_is_the_status(run: Run, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    assert "problem  collection" in run("doctor", "-c", str(tmp_path), status=1).stdout


def test_no_server(run: Run) -> None:
    said = run("doctor", "-c", "milvus://127.0.0.1:1/x", status=1).stdout
    assert "127.0.0.1:1 takes no connection" in said


def test_in_a_poor_terminal(process: Process, tmp_path: Path) -> None:
    poor = {"PYTHONIOENCODING": "ascii", "LOOKALIKE_OFFLINE": "1"}
    done = process("doctor", "-c", str(tmp_path / "none"), env=poor, status=None)
    assert "warning  text: output ascii" in done.stdout


def test_an_empty_name(run: Run) -> None:
    assert "-c is empty" in run("doctor", "-c", "", status=2).stderr
