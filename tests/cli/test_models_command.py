"""`lookalike models`."""

import json
import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
from click.testing import Result

from lookalike.encoders import registry

Run = Callable[..., Result]


def test_list(run: Run) -> None:
    text = run("models", "list").stdout
    for name in registry.names():
        assert name in text
    models = json.loads(run("models", "list", "--json").stdout)
    assert [model["name"] for model in models] == registry.names()
    clip = next(model for model in models if model["name"] == "clip-vit-b-16")
    assert (clip["kind"], clip["size"]) == ("embedding", 512)
    assert set(clip["towers"]) == {"image", "text"}


def test_where_the_weights_are(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_MODELS", str(tmp_path))

    def towers() -> dict[str, str]:
        models = json.loads(run("models", "list", "--json").stdout)
        found = next(model for model in models if model["name"] == "clip-vit-b-16")
        return dict(found["towers"])

    assert towers()["text"] == "to download"
    folder = tmp_path / "clip-vit-b-16-text-mine"
    folder.mkdir()
    for name in ("text.onnx", "tokenizer.json"):
        (folder / name).write_bytes(b"x")
    assert towers()["text"] == "folder"


def test_fetch_what_needs_no_download(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOOKALIKE_MODELS", raising=False)
    assert "needs no weights" in run("models", "fetch", "phash").stdout
    fetched = run("models", "fetch", "mobilenet-v3-large")
    path = Path(fetched.stdout.partition(": ")[2].strip())
    assert path.is_file()


def test_fetch_offline_says_what_to_do(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKALIKE_OFFLINE", "1")
    monkeypatch.setenv("LOOKALIKE_CACHE", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    result = run("models", "fetch", "mobilenet-v3-large", status=3)
    assert "offline" in result.stderr
    assert "SHA-256" in result.stderr


def test_text_tower_that_cannot_be_reached(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKALIKE_MODELS", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    result = run("models", "fetch", "clip-vit-b-16", status=3)
    assert "image tower:" in result.stdout
    assert "text.onnx and tokenizer.json" in result.stderr
    assert "127.0.0.1:9" in result.stderr


def test_text_tower_that_only_the_user_can_bring(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = (resources.files("lookalike.models") / "clip-vit-b-16.toml").read_text()
    card = card.replace("clip-vit-b-16", "own-clip").replace(", int8", "")
    own = re.sub(r"\[\[text\.\w+\.sources\]\]\n(\w+ = .*\n)+", "", card)
    (tmp_path / "own-clip.toml").write_text(own)
    (tmp_path / "own-clip").mkdir()
    (tmp_path / "own-clip" / "image.onnx").write_bytes(b"here")
    monkeypatch.setenv("LOOKALIKE_MODELS", str(tmp_path))
    result = run("models", "fetch", "own-clip")
    assert "text.onnx and tokenizer.json" in result.stderr


@pytest.mark.parametrize("name", registry.names())
def test_licence(name: str, run: Run) -> None:
    text = run("models", "licence", name).stdout
    card = registry.card(name)
    assert card.licence.weights in text
    assert card.licence.url in text
