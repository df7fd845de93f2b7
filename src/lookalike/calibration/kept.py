"""Answers kept in the cache folder, so that an interrupted calibration goes on where it was."""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import PIL

import lookalike
from lookalike.encoders.sources.cache import root

FILES = 8
"""Calibrations whose answers are kept; the oldest are forgotten."""


_PARTS = ("copies", "encoders", "evaluation/edits", "imaging", "proof")


def code() -> str:
    """A digest of the program's files that an answer comes from, Pillow's version included."""
    digest = hashlib.sha256(PIL.__version__.encode())
    for part in _PARTS:
        for path in sorted(Path(lookalike.__file__).parent.joinpath(part).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class Kept:
    """Answers by query, in a file of JSON lines that belongs to everything they depend on."""

    def __init__(self, depends: Mapping[str, Any], folder: Path | None = None) -> None:
        text = json.dumps(depends, sort_keys=True)
        self._folder = folder or root() / "calibration"
        self.path = self._folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.jsonl"
        self._known: dict[str, Any] = {}
        with contextlib.suppress(OSError):
            for line in self.path.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError):  # empty, or cut off by a kill
                    query, answer = json.loads(line)
                    self._known[query] = answer

    def __len__(self) -> int:
        return len(self._known)

    def get(self, query: str) -> Any:
        """The answer to a query; None when it was not asked before."""
        return self._known.get(query)

    def put(self, query: str, answer: Any) -> None:
        """Keep an answer; where nothing can be written, for this run only."""
        new = not self._known
        self._known[query] = answer
        with contextlib.suppress(OSError):
            if new:
                self._make_room()
            with open(self.path, "a", encoding="utf-8") as file:
                # A line break first: what is before it may have been cut off.
                file.write("\n" + json.dumps([query, answer]))

    def _make_room(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        others = sorted(self._folder.glob("*.jsonl"), key=os.path.getmtime)
        for path in others[: max(0, len(others) - FILES + 1)]:
            path.unlink(missing_ok=True)
