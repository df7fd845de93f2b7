"""The parts of the benchmarks that others build on: edited copies, and what is written back."""

import io
import shutil
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from lookalike.encoders import card as cards
from lookalike.encoders import registry
from lookalike.imaging import decode

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script that measures every encoder."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import models

    return models


def test_edits_are_the_same_every_time_and_change_the_picture(
    models: ModuleType, photos: Path
) -> None:
    with Image.open(photos / "animals" / "raccoon.jpg") as image:
        picture = image.convert("RGB")
    picture.thumbnail((200, 200))
    whole = np.asarray(picture, np.int16)
    seen = set()
    for name in models.EDITS:
        data = models.edited(picture, name, seed=5)
        assert data == models.edited(picture, name, seed=5)
        seen.add(data)
        changed = decode(data).image
        if changed.size == picture.size:
            assert np.abs(np.asarray(changed, np.int16) - whole).mean() > 1, name
    assert len(seen) == len(models.EDITS)
    assert models.edited(picture, "crop-50", 1) != models.edited(picture, "crop-50", 2)
    with Image.open(io.BytesIO(models.edited(picture, "quarter-size", 1))) as small:
        assert small.size == (picture.width // 4, picture.height // 4)


@pytest.mark.parametrize("name", registry.names())
def test_measured_quality_goes_into_a_card_and_nothing_else_changes(
    name: str, models: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(models.CARDS / f"{name}.toml", tmp_path)
    monkeypatch.setattr(models, "CARDS", tmp_path)
    before = registry.card(name)
    quality = {"mAP": SimpleNamespace(value=0.1234), "P@10": SimpleNamespace(value=0.5)}
    row = models.Row(before, raw=SimpleNamespace(quality=quality), copies={"jpeg-8": 0.75})
    models.update(row)
    models.update(row)
    after = cards.parse((tmp_path / f"{name}.toml").read_text(encoding="utf-8"), name)
    written = {"labelled_map": 0.123, "labelled_p10": 0.5, "copy_recall": 0.75}
    assert after == replace(before, quality={**before.quality, **written})


def test_tables_go_between_the_markers(models: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"above\n{models.BEGIN}\nold\n{models.END}\nbelow\n")
    models.write(page, "new")
    assert page.read_text() == f"above\n{models.BEGIN}\n\nnew\n\n{models.END}\nbelow\n"
