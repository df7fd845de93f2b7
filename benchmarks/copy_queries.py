"""The crowd and the queries of benchmarks/originals.py."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from lookalike.evaluation.edits import BASIC, HARD, edited

EDITS = {"basic": [*BASIC], "hard": [*HARD], "all": [*BASIC, *HARD]}
LEFT_OUT = 10
"""Every so many labelled pictures one is left out of the crowd, to be asked for in vain."""
VAIN_EDITS = 6
"""Edits of each of those, beside the picture as it is."""
MIXED_IN = 4
"""Of the captions' pictures, every so many one is mixed into edits, and in no crowd."""


@dataclass(frozen=True)
class Query:
    """An edit of a picture; `original` is None when the picture is not in the crowd."""

    path: Path
    edit: str
    seed: int
    original: Path | None
    others: tuple[Path, ...]

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.path.parent.name}/{self.path.name} {self.edit}"

    @property
    def data(self) -> bytes:
        """A JPEG file."""
        if not self.edit:
            return self.path.read_bytes()
        others = [opened(path) for path in self.others]
        return edited(opened(self.path), self.edit, self.seed, others)


@dataclass(frozen=True)
class Pictures:
    """The files: what the collection holds, and what is asked."""

    crowd: tuple[Path, ...]
    queries: tuple[Query, ...]


@lru_cache(256)
def opened(path: Path) -> Image.Image:
    """RGB."""
    with Image.open(path) as image:
        return image.convert("RGB")


def jpegs(folder: Path) -> list[Path]:
    """All below a folder, by name."""
    return sorted(folder.rglob("*.jpg"))


def pictures(
    originals: Path,
    labelled: Path,
    captions: Path,
    *,
    count: int,
    edits: str,
    seed: int,
    crowded: bool,
) -> Pictures:
    """The crowd, and `count` originals evenly chosen, each in every edit.

    As many edits in proportion are of labelled pictures that were left out of the crowd, where
    others of their kind are: whatever is called a copy there is wrong.
    """
    known, kinds, scenes = jpegs(originals), jpegs(labelled), jpegs(captions)
    vain = kinds[LEFT_OUT // 2 :: LEFT_OUT]
    mixed = scenes[::MIXED_IN]
    crowd = [*known, *(path for path in kinds if path not in set(vain))]
    if crowded:
        crowd += [path for path in scenes if path not in set(mixed)]
    chosen = evenly(known, count)
    queries = [*_of(chosen, [EDITS[edits]] * len(chosen), seed, mixed, found=True)]
    some = evenly(vain, max(4, round(len(vain) * count / len(known))))
    step = max(1, len(EDITS[edits]) // VAIN_EDITS)
    turns = [["", *EDITS[edits][number % step :: step]] for number in range(len(some))]
    queries += _of(some, turns, seed, mixed, found=False)
    return Pictures(tuple(crowd), tuple(queries))


def evenly(paths: Sequence[Path], count: int) -> list[Path]:
    """Some of them, the first and the last among them."""
    rows = np.linspace(0, len(paths) - 1, min(count, len(paths))).round().astype(int)
    return [paths[row] for row in rows]


def _of(
    paths: Sequence[Path],
    edits: Sequence[Sequence[str]],
    seed: int,
    mixed: Sequence[Path],
    *,
    found: bool,
) -> Iterator[Query]:
    for number, (path, names) in enumerate(zip(paths, edits, strict=True)):
        others = tuple(np.random.default_rng((seed, number)).choice(mixed, 6, replace=False))
        for name in names:
            yield Query(path, name, seed + number, path if found else None, others)
