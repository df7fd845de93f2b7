"""Fonts for names in any script: Pillow's own, or one of the system's for letters it lacks."""

import shutil
import subprocess
import unicodedata
from collections.abc import Iterator
from functools import cache

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_USUAL = (
    *("NotoSansCJK-Regular.ttc", "wqy-microhei.ttc", "DroidSansFallbackFull.ttf"),
    *("PingFang.ttc", "Hiragino Sans GB.ttc", "AppleSDGothicNeo.ttc", "Arial Unicode.ttf"),
    *("msyh.ttc", "YuGothM.ttc", "malgun.ttf", "Nirmala.ttc", "tahoma.ttf"),
    *("NotoSans-Regular.ttf", "DejaVuSans.ttf"),
)
"""Files of fonts with many letters, on Linux, macOS and Windows; Pillow knows the folders."""

_SECONDS = 5.0


def font_for(text: str, size: int) -> Font:
    """The font that has most of a text's letters: Pillow's own when it has all or none has more.

    With Pillow's own a picture is the same on every machine.
    """
    return _best(frozenset(char for char in text if not char.isspace()), size)


def ascent(font: Font) -> int:
    """Pixels from the top of a font's lines to where its letters stand."""
    return font.getmetrics()[0] if isinstance(font, ImageFont.FreeTypeFont) else 0


def drawable(text: str, font: Font) -> str:
    """The text, letters that the font lacks without their accents, or else as `?`."""
    return "".join(char if _has_glyph(font, char) else _plain(font, char) for char in text)


@cache
def _best(letters: frozenset[str], size: int) -> Font:
    own = best = _own(size)
    most = _known(own, letters)
    if most == len(letters):
        return own
    for name in _names(letters):
        font = _system(name, size)
        if font is not None and _known(font, letters) > most:
            best, most = font, _known(font, letters)
            if most == len(letters):
                break
    return best


def _known(font: Font, letters: frozenset[str]) -> int:
    return sum(_has_glyph(font, char) for char in letters)


def _names(letters: frozenset[str]) -> Iterator[str]:
    """Files of fonts to try, what fontconfig finds for the letters first."""
    if program := shutil.which("fc-match"):
        pattern = ":charset=" + " ".join(f"{ord(char):x}" for char in sorted(letters))
        try:
            found = subprocess.run(  # noqa: S603 - nothing in the pattern but numbers
                [program, "--format=%{file}", pattern],
                capture_output=True,
                check=True,
                text=True,
                timeout=_SECONDS,
            )
            yield found.stdout
        except (OSError, subprocess.SubprocessError, UnicodeError):
            pass
    yield from _USUAL


@cache
def _own(size: int) -> Font:
    return ImageFont.load_default(size)


@cache
def _system(name: str, size: int) -> Font | None:
    try:
        return ImageFont.truetype(name, size)
    except (OSError, ValueError):  # not there, or one of bitmaps of other sizes
        return None


def _plain(font: Font, char: str) -> str:
    base = unicodedata.normalize("NFKD", char)[0]
    return base if _has_glyph(font, base) else "?"


@cache
def _has_glyph(font: Font, char: str) -> bool:
    return char.isspace() or bytes(font.getmask(char)) != bytes(font.getmask("\U0010fffe"))
