"""Without OpenCV nothing else fails, and what needs it says what to install."""

import subprocess
import sys

import pytest
from PIL import Image

from lookalike import proof
from lookalike.errors import MissingExtraError


def test_nothing_is_imported_to_know_whether_it_is_there() -> None:
    code = "import sys; from lookalike import proof; proof.available(); print('cv2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'lookalike\[proof\]'"):
        proof.extract(Image.new("RGB", (30, 30)))


def test_available_means_that_features_can_be_extracted() -> None:
    if proof.available():
        assert len(proof.extract(Image.new("RGB", (30, 30)))) == 0
    else:
        with pytest.raises(MissingExtraError):
            proof.extract(Image.new("RGB", (30, 30)))
