"""Letters of any script in the PNG grid."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import ImageFont

from lookalike.views import fonts


@pytest.fixture(autouse=True)
def _fresh() -> None:
    fonts._best.cache_clear()
    fonts._system.cache_clear()


def system_font(text: str) -> str:
    """A font file that has the letters, by fontconfig."""
    try:
        pattern = ":charset=" + " ".join(f"{ord(char):x}" for char in text)
        command = ["fc-list", "--format=%{file}\n", pattern]
        found = subprocess.run(command, capture_output=True, text=True, check=True)
    except OSError:
        pytest.skip("no fontconfig")
    files = found.stdout.split()
    return files[0] if files else pytest.skip(f"no font has {text}")


def test_pillows_own_font_is_taken_where_it_has_the_letters() -> None:
    own = fonts._own(17)
    assert fonts.font_for("Strap top, 7.50", 17) is own
    assert fonts.drawable("Kleid", own) == "Kleid"


def test_a_system_font_is_taken_for_letters_that_are_missing() -> None:
    text = "กขค"
    system_font(text)
    font = fonts.font_for(text, 17)
    assert font is not fonts._own(17)
    assert fonts.drawable(text, font) == text


def test_without_fontconfig_usual_fonts_are_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = system_font("กขค")
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(fonts, "_USUAL", ("nonesuch.ttf", os.path.basename(file)))
    assert fonts.drawable("กขค", fonts.font_for("กขค", 17)) == "กขค"


def test_without_any_font_letters_become_question_marks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(fonts, "_USUAL", ("nonesuch.ttf",))
    font = fonts.font_for("กé\u1ec7", 17)
    assert font is fonts._own(17)
    assert fonts.drawable("ก a", font) == "? a"


@pytest.mark.parametrize("failing", ["missing", "broken"])
def test_a_program_that_fails_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def run(*args: Any, **options: Any) -> Any:
        if failing == "missing":
            raise FileNotFoundError
        raise subprocess.TimeoutExpired("fc-match", 5)

    monkeypatch.setattr("shutil.which", lambda name: "/nonesuch/fc-match")
    monkeypatch.setattr("subprocess.run", run)
    monkeypatch.setattr(fonts, "_USUAL", ())
    assert fonts.font_for("กขค", 17) is fonts._own(17)


def test_system_fonts_that_cannot_be_used_are_none() -> None:
    assert fonts._system("nonesuch.ttf", 17) is None
    assert isinstance(fonts._own(17), ImageFont.FreeTypeFont)
