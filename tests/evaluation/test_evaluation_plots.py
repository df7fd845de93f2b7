"""Plots: files of the right kind, with something on them, and a clear word without matplotlib."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.errors import UsageError
from lookalike.evaluation import Evaluation, Fuse, Options, datasets
from lookalike.evaluation.compare import Embedded, compare
from lookalike.evaluation.measure import Cost
from lookalike.evaluation.plots import draw, scores
from lookalike.records import EncoderSpec

pytest.importorskip("matplotlib")


@pytest.fixture
def found(labelled: Path) -> Evaluation:
    """Eleven rows, more than there are colours; one of them a hash with few scores."""
    rng = np.random.default_rng(1)

    def embed(name: str) -> Embedded:
        if name == "phash":
            return Embedded(EncoderSpec(name, "hash", 64), rng.integers(0, 256, (12, 8), np.uint8))
        rows = rng.standard_normal((12, 16)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return Embedded(EncoderSpec(name, "embedding", 16), rows)

    names = ["phash", "dhash", "ahash", "whash", "pdq", "mobilenet-v3-large"]
    fuse = tuple(Fuse(("phash", name), (1, 1)) for name in names[1:])
    options = Options(fuse=fuse, precision=0.4, costs=False)
    compared = compare(datasets.read(labelled), names, embed, options)
    costed = (
        replace(result, cost=Cost(place + 2.0, place + 1.0, 100, 10**8))
        for place, result in enumerate(compared.results)
    )
    return replace(compared, results=tuple(costed))


def test_files(found: Evaluation, tmp_path: Path) -> None:
    written = draw(found, tmp_path)
    names = {"precision-recall", "scores", "quality-time"}
    assert {path.name for path in written} == {f"{n}.{s}" for n in names for s in ("png", "svg")}
    for path in written:
        if path.suffix == ".png":
            with Image.open(path) as image:
                pixels = np.asarray(image.convert("RGB"))
            assert (pixels == 255).all(2).mean() > 0.5, "the ground is light"
            saturated = (pixels.max(2).astype(int) - pixels.min(2)) > 60
            assert 0.002 < saturated.mean() < 0.5, f"{path.name} is blank"
        else:
            assert "<svg" in path.read_text(encoding="utf-8")


def test_every_row_has_its_histogram(found: Evaluation) -> None:
    figure = scores(found)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == [result.name for result in found.results]
    for axes in shown:
        for stairs in axes.patches:
            assert stairs.get_data().values.sum() == pytest.approx(1)


def test_without_matplotlib(
    found: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r"pip install 'lookalike\[plots\]'"):
        draw(found, tmp_path)
