"""The plot of a calibration."""

from pathlib import Path

import pytest
from PIL import Image

from lookalike.calibration.evidence import Measured, Pair
from lookalike.calibration.plots import draw
from lookalike.calibration.results import Outcome
from lookalike.calibration.thresholds import chosen

pytest.importorskip("matplotlib")


@pytest.mark.parametrize(
    "pairs",
    [
        (*[Pair("copy", 0.9)] * 30, *[Pair("different", 0.2)] * 60, Pair("copy", 0.0)),
        (Pair("copy", 0.0),),
        (Pair("different", 1.0),),
    ],
)
def test_png_and_svg_are_written(pairs: tuple[Pair, ...], tmp_path: Path) -> None:
    measured = Measured(pairs, len(pairs), sum(pair.same for pair in pairs))
    calibration, choices, notices = chosen(measured, 0.99)
    written = draw(Outcome(calibration, choices, measured, False, notices), tmp_path)
    assert [path.name for path in written] == ["calibration.png", "calibration.svg"]
    with Image.open(written[0]) as image:
        assert min(image.size) > 500
    assert "<svg" in written[1].read_text(encoding="utf-8")
