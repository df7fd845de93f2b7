import socket
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike.doctor import weights
from lookalike.encoders import registry
from lookalike.encoders.sources import cache


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOOKALIKE_CACHE", str(tmp_path))
    monkeypatch.delenv("LOOKALIKE_MODELS", raising=False)
    return tmp_path


def test_hashes_need_no_weights() -> None:
    (finding,) = weights.of_model(registry.card("phash"))
    assert finding.level == "ok"


def test_missing_weights(empty_cache: Path) -> None:
    (finding,) = weights.of_model(registry.card("sscd-distilled"))
    assert finding.level == "warning"
    assert "lookalike models fetch sscd-distilled" in finding.advice
    assert "MIT" in finding.found


def test_damaged_weights(empty_cache: Path) -> None:
    card = registry.card("sscd-distilled")
    assert card.image is not None
    path = cache.place(card, card.image.file)
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(card.image.file.bytes))
    (finding,) = weights.of_model(card)
    assert finding.level == "problem"
    assert str(path) in finding.found


def test_an_unknown_licence(monkeypatch: pytest.MonkeyPatch) -> None:
    card = registry.card("phash")
    own = replace(
        card,
        image=registry.card("sscd-distilled").image,
        licence=replace(card.licence, weights="unknown"),
    )
    monkeypatch.setattr("lookalike.encoders.weights.status", lambda _: ())
    (finding,) = weights.of_model(own)
    assert finding.level == "warning"


def test_vectors_made_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_OFFLINE", "1")
    first, last = weights.check(["made-elsewhere"])
    assert first.level == "ok"
    assert "offline" in last.found


def test_sources_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setattr(weights, "_places", lambda: {"model hub": closed})
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert weights.sources(missing=False).level == "ok"
        assert weights.sources(missing=True).level == "warning"
        taken.listen()
        assert weights.sources(missing=True).level == "ok"


def test_a_folder_as_an_index(tmp_path: Path) -> None:
    assert weights.reach(tmp_path.as_uri())[0]
    assert not weights.reach((tmp_path / "gone").as_uri())[0]


def test_addresses_that_are_none() -> None:
    assert not weights.reach("https://")[0]
    assert not weights.reach("https://host:port")[0]
