"""One data file and one weights file make an encoder for the whole command; no code."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_onnx

Process = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A description and a weights file; the user's folder of models is empty."""
    monkeypatch.setenv("LOOKALIKE_MODELS", str(tmp_path / "models"))
    monkeypatch.chdir(tmp_path)
    Path("colours.toml").write_text('preprocessing = "raw-0-255"')
    Path("weights.onnx").write_bytes(tiny_onnx.image_tower(1.0, side=16))
    return tmp_path


def test_add_index_search_remove(given: Path, process: Process, photos: Path) -> None:
    added = process("models", "add", "colours.toml", "--file", "weights.onnx")
    assert added.stdout == "added colours: 3 dimensions\n"
    assert "under which licence colours may be used is not known" in added.stderr
    licence = process("models", "licence", "colours").stdout
    assert "text of it" not in licence
    assert str(given / "models" / "colours" / "image.onnx") in licence
    listed = json.loads(process("models", "list", "--json").stdout)
    assert {model["name"] for model in listed if model["own"]} == {"colours"}
    assert "colours is good: 3 dimensions" in process("models", "check", "colours").stdout
    process("index", str(photos / "flowers"), "--encoder", "colours,dhash", "--quiet")
    picture = str(next((photos / "flowers").glob("*.jpg")))
    found = json.loads(process("search", picture, "--encoder", "colours", "--json").stdout)
    assert found["encoder"] == "colours"
    assert found["hits"][0]["uri"] == picture
    assert found["hits"][0]["verdict"] == "identical"
    # The same name with other weights: not comparable, and said so.
    Path("weights.onnx").write_bytes(tiny_onnx.image_tower(2.0, side=16))
    process("models", "add", "colours.toml", "--file", "weights.onnx", "--replace")
    refused = process("search", picture, "--encoder", "colours", status=2)
    assert "not the ones this collection was made with" in refused.stderr
    assert process("models", "remove", "colours").stdout == "removed colours\n"
    assert "colours" not in process("models", "list").stdout
    # What it made is still there, and so is its absence.
    gone = "the model 'colours' is not here any more"
    assert gone in process("search", picture, "--encoder", "colours", status=2).stderr
    assert gone in process("index", str(photos / "flowers"), status=2).stderr
    process("search", "--id", "1", "--encoder", "colours")
    process("index", str(photos / "flowers"), "--encoder", "dhash")


def test_a_broken_card_hides_no_other(given: Path, process: Process) -> None:
    Path("models").mkdir()
    Path("models", "broken.toml").write_text("name = ")
    listed = process("models", "list")
    path = Path("models", "broken.toml").absolute()
    assert f"The model card {path} cannot be used: Invalid value (at" in listed.stderr
    assert "(at line 1" in listed.stderr or "(at end of document)" in listed.stderr
    assert "phash" in listed.stdout


def test_what_goes_wrong_is_said(given: Path, process: Process) -> None:
    said = process("models", "add", "colours.toml", status=2).stderr
    assert "no file colours.onnx; name the model's file with --file" in said
    Path("two.onnx").write_bytes(tiny_onnx.text_tower([1.0]))
    said = process("models", "add", "colours.toml", "--file", "two.onnx", status=3).stderr
    assert "it has 2 inputs" in said
    assert "input_ids int64 (any, any)" in said
    said = process("models", "add", "colours.toml", "--name", "../x", status=2).stderr
    assert "cannot be called '../x'" in said
    said = process("models", "add", "colours.toml", "--name", "", status=2).stderr
    assert "cannot be called ''" in said
    Path("weights.toml").write_text('preprocessing = "raw-0-255"\n[text]\nmax_tokens = 5')
    said = process("models", "add", "weights.toml").stderr
    assert "has a table [text], and weights reads no words without its text tower" in said
    Path("wrong.toml").write_text("foo = 1\nsize = 0")
    said = process("models", "add", "wrong.toml", status=2).stderr
    assert "\n  - size is 0" in said
    assert "\n  - there is no field foo" in said
    assert "there is no model" in process("models", "remove", "nothing", status=2).stderr
    assert "comes with lookalike" in process("models", "remove", "phash", status=2).stderr
