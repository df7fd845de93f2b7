"""What a benchmark writes back: measured quality into cards, tables into a page."""

import shutil
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from lookalike.encoders import card as cards
from lookalike.encoders import registry

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script that measures every encoder."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import models

    return models


@pytest.mark.parametrize("name", registry.names())
def test_measured_quality_goes_into_a_card_and_nothing_else_changes(
    name: str, models: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(models.CARDS / f"{name}.toml", tmp_path)
    monkeypatch.setattr(models, "CARDS", tmp_path)
    before = registry.card(name)
    quality = {"mAP": SimpleNamespace(value=0.1234), "P@10": SimpleNamespace(value=0.5)}
    raw = SimpleNamespace(quality=quality, cost=SimpleNamespace(batch_ms=12.34))
    row = models.Row(before, raw=raw, copies={"jpeg-8": 0.75})
    models.update(row)
    models.update(row)
    after = cards.parse((tmp_path / f"{name}.toml").read_text(encoding="utf-8"), name)
    written = {"labelled_map": 0.123, "labelled_p10": 0.5, "copy_recall": 0.75, "batch_ms": 12.34}
    assert after == replace(before, quality={**before.quality, **written})


def test_tables_go_between_the_markers(models: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"above\n{models.BEGIN}\nold\n{models.END}\nbelow\n")
    models.write(page, "new")
    assert page.read_text() == f"above\n{models.BEGIN}\n\nnew\n\n{models.END}\nbelow\n"
