"""Small folders and tables to be evaluated, and a cache of the test's own."""

import shutil
from pathlib import Path

import pytest

CLASSES = ("animals", "flowers", "moon")


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that embeddings are kept in, empty; weights are looked for elsewhere."""
    path = tmp_path / "kept" / "evaluation.sqlite"
    monkeypatch.setattr("lookalike.evaluation.compare.default_path", lambda: path)
    return path


@pytest.fixture
def labelled(tmp_path: Path, photos: Path) -> Path:
    """Three classes of four photographs each."""
    folder = tmp_path / "labelled"
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
        for picture in sorted((photos / name).glob("*.jpg"))[:4]:
            shutil.copy(picture, folder / name)
    return folder
