"""Running the command: in this process where that is enough, as a process where it matters."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import lookalike
from lookalike.cli import cli

Run = Callable[..., Result]
Process = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run() -> Run:
    """Run the command in this process; no traceback and no unexpected error may come out."""

    def invoke(*arguments: str, status: int | None = 0, **options: Any) -> Result:
        result = CliRunner().invoke(cli, list(arguments), prog_name="lookalike", **options)
        assert "Traceback" not in result.output
        assert "should not happen" not in result.stderr
        if status is not None:
            assert result.exit_code == status, result.output
        return result

    return invoke


@pytest.fixture
def process() -> Process:
    """Run the command as a process of its own."""

    def start(
        *arguments: str | bytes, status: int | None = 0, env: dict[str, str] | None = None, **k: Any
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from lookalike.cli import main; main()", *arguments]
        k = {"capture_output": True, "text": True, "errors": "surrogateescape", **k}
        done: subprocess.CompletedProcess[str] = subprocess.run(
            command, env={**os.environ, **(env or {})}, check=False, timeout=60, **k
        )
        assert "Traceback" not in (done.stderr or "")
        if status is not None:
            assert done.returncode == status, done.stderr
        return done

    return start


@pytest.fixture(scope="session")
def five(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    """A collection of five animals, added one by one so that their ids are known."""
    path = tmp_path_factory.mktemp("five") / "five.lookalike"
    with lookalike.open(path, encoder="mobilenet-v3-large,phash") as collection:
        for picture in sorted((photos / "animals").glob("*.jpg"))[:5]:
            collection.add(picture, attributes={"colour": "grey"})
    return path


SNAPSHOTS = Path(__file__).parent / "snapshots"


@pytest.fixture
def snapshot(request: pytest.FixtureRequest, photos: Path) -> Callable[[str, str], None]:
    """Compare output with the one kept in snapshots/NAME.txt, times and places left out.

    `LOOKALIKE_WRITE_SNAPSHOTS=1 pytest tests/cli` writes them anew; read the difference.
    """

    def compare(name: str, output: str, *replace: tuple[str, str]) -> None:
        for old, new in (*replace, (str(photos), "PHOTOS"), (str(Path.cwd()), "HERE")):
            output = output.replace(old, new)
        output = re.sub(r"\b\d[\d,.]* (ms|s|pictures/s)\b", r"N \1", output)
        output = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", output)
        output = re.sub(r"\b\d[\d,.]* (bytes|[KMG]iB)", r"N \1", output)
        output = re.sub(r'("(?:decode|encode|search|seconds)": )[\d.e-]+', r"\1N", output)
        # Column widths depend on where the checkout is, the last digits of scores on the processor.
        output = re.sub(r" {2,}", "  ", output)
        output = re.sub(r"\b[01]\.\d{3,}\b", "0.N", output)
        output = "\n".join(line.rstrip() for line in output.splitlines()) + "\n"
        kept = SNAPSHOTS / f"{name}.txt"
        if os.environ.get("LOOKALIKE_WRITE_SNAPSHOTS"):
            kept.write_text(output, encoding="utf-8")
        assert output == kept.read_text(encoding="utf-8")

    return compare
