import os
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from lookalike.doctor import packages


def test_packages_here_are_fit() -> None:
    found = {finding.topic: finding for finding in packages.check()}
    assert found["compiled packages"].level == "ok"
    assert found["Python"].level == "ok"
    assert "extras" in found


@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        ("no-such-package-anywhere>=1", "is not installed"),
        ("numpy<0.1", "lookalike needs <0.1"),
    ],
)
def test_what_is_missing_or_old(
    requirement: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "_requirements", lambda: [Requirement(requirement)])
    monkeypatch.setattr(packages, "loads", lambda _: [])
    (finding,) = (one for one in packages.check() if one.topic == "packages")
    assert finding.level == "problem"
    assert said in finding.found
    assert requirement in finding.advice


def test_other_systems_packages_are_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Requirement("no-such-package-anywhere; sys_platform == 'plan9'")
    monkeypatch.setattr(packages, "_requirements", lambda: [other])
    monkeypatch.setattr(packages, "loads", lambda _: [])
    assert all(finding.level == "ok" for finding in packages.check())


def test_without_its_own_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "_requirements", lambda: None)
    assert [finding.level for finding in packages.check()] == ["ok", "warning"]


def test_a_package_that_cannot_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_one.py").write_text("raise ImportError('libfoo.so is missing')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (finding,) = packages.loads({"json": "json", "broken-one": "broken_one"})
    assert finding.level == "problem"
    assert "broken-one" in finding.found
    assert "libfoo.so is missing" in finding.found


@pytest.mark.skipif(sys.platform == "win32", reason="has no signals")
def test_a_package_for_another_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "import os, signal; os.kill(os.getpid(), signal.SIGILL)"
    (tmp_path / "foreign.py").write_text(module)
    monkeypatch.setenv("PYTHONPATH", os.fspath(tmp_path))
    (finding,) = packages.loads({"foreign": "foreign"})
    assert "llegal instruction" in finding.found
    assert "another machine" in finding.advice
