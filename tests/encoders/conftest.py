"""Small models, cards and empty caches for the tests of encoders."""

from pathlib import Path

import pytest
import tiny_onnx

from lookalike.encoders import card as cards
from lookalike.encoders import registry


@pytest.fixture(autouse=True)
def _no_network_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOOKALIKE_MODELS", "LOOKALIKE_OFFLINE", "HF_HUB_OFFLINE", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for one test; encoders loaded before do not count."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("LOOKALIKE_CACHE", str(folder))
    monkeypatch.setattr(registry, "_loaded", {})
    return folder


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty LOOKALIKE_MODELS folder."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("LOOKALIKE_MODELS", str(folder))
    monkeypatch.setattr(registry, "_loaded", {})
    return folder


@pytest.fixture
def tiny() -> cards.ModelCard:
    """A card of a model that only the user can bring."""
    return cards.parse(tiny_onnx.CARD, "tiny")


@pytest.fixture
def tiny_in_folder(models: Path, tiny: cards.ModelCard) -> cards.ModelCard:
    """The tiny model, with its image tower in the user's folder."""
    (models / "tiny").mkdir()
    (models / "tiny" / "image.onnx").write_bytes(tiny_onnx.image_tower(1.0))
    return tiny
