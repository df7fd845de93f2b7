"""`lookalike copy`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import lookalike

Run = Callable[..., Result]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "there"


def test_copy_says_what_it_did_and_that_both_are_the_same(
    run: Run, five: Path, target: Path
) -> None:
    said = run("copy", str(five), str(target)).stdout.splitlines()
    assert said[0].startswith("copied 5 records in ")
    assert said[1].startswith("mobilenet-v3-large: 5 vectors here, 5 there; 0 of 5 sampled differ")
    assert said[-1] == "5 records compared: the same"
    with lookalike.open(five, read_only=True) as one, lookalike.open(target) as other:
        assert list(other.list()) == list(one.list())
        name = one.encoders[0].name
        hits = other.search(id=1, encoder=name)
        assert [hit.uri for hit in hits] == [hit.uri for hit in one.search(id=1, encoder=name)]
    again = run("copy", str(five), str(target)).stdout.splitlines()
    assert again[0].startswith("copied 0 records in ")


def test_json(run: Run, five: Path, target: Path) -> None:
    answer = json.loads(run("copy", str(five), str(target), "--encoder", "phash", "--json").stdout)
    assert answer["records"] == 5
    assert answer["verification"]["ok"] is True
    assert answer["verification"]["encoders"]["phash"]["recall"] == 1.0
    assert list(answer["verification"]["encoders"]) == ["phash"]


def test_differences_end_with_1(run: Run, five: Path, target: Path) -> None:
    run("copy", str(five), str(target), "--no-verify", "-q")
    with lookalike.open(target) as opened:
        opened.delete([2])
        opened.update(3, {"seen": True})
    said = run("copy", str(five), str(target), "--verify-only", status=1).stdout
    assert said.splitlines()[-1] == "5 records compared: 1 missing, 1 different, not the same"


def test_wrong_use(run: Run, five: Path, target: Path, tmp_path: Path) -> None:
    assert "no collection" in run("copy", str(tmp_path / "no"), str(target), status=2).stderr
    assert "itself" in run("copy", str(five), str(five), status=2).stderr
    bulk = run("copy", str(five), str(target), "--bulk", str(tmp_path), status=2)
    assert "Milvus server" in bulk.stderr
    assert run("copy", str(five), "--delete", status=2).exit_code == 2
