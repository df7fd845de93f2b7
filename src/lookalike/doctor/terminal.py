"""The terminal: whether it can show every name."""

import locale
import sys
from collections.abc import Iterator

from lookalike.doctor.finding import Finding, ok, warning


def check() -> Iterator[Finding]:
    """The encodings of output and of file names."""
    yield judge(getattr(sys.stdout, "encoding", None) or "ascii", sys.getfilesystemencoding())


def judge(output: str, names: str) -> Finding:
    """Whether these encodings hold every letter."""
    found = f"output {output}, file names {names}"
    if any(_plain(one) != "utf8" for one in (output, names)):
        language = locale.setlocale(locale.LC_CTYPE) or "C"
        return warning(
            "text",
            f"{found} (locale {language})",
            "names with letters beyond it are shown as escapes: export LANG=C.UTF-8, or "
            "PYTHONUTF8=1",
        )
    return ok("text", found)


def _plain(encoding: str) -> str:
    return encoding.lower().replace("-", "").replace("_", "")
