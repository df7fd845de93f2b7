from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import lookalike
from lookalike.cli import cli
from lookalike.errors import CollectionLockedError, NotFoundError, UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "c.lookalike"
    with lookalike.open(path) as collection:
        collection.add_embeddings([1, 2], np.eye(4)[:2])
    return path


def test_a_collection_goes(folder: Path) -> None:
    lookalike.drop(folder)
    assert not folder.exists()
    with pytest.raises(NotFoundError):
        lookalike.drop(folder)


def test_a_folder_that_holds_other_things_stays(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"notes\.txt"):
        lookalike.drop(folder)
    with lookalike.open(folder, create=False) as collection:
        assert len(collection) == 2


def test_no_link_is_followed(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "picture.jpg").write_bytes(b"x")
    (folder / "hashes").rename(folder / "away") if (folder / "hashes").exists() else None
    (folder / "hashes").symlink_to(other)
    with pytest.raises(UsageError):
        lookalike.drop(folder)
    assert (other / "picture.jpg").exists()


def test_a_collection_in_use_stays(folder: Path) -> None:
    with lookalike.open(folder) as collection:
        with pytest.raises(CollectionLockedError):
            lookalike.drop(folder)
        assert len(collection) == 2


def test_the_command_wants_a_yes(folder: Path) -> None:
    asked = CliRunner().invoke(cli, ["drop", str(folder)])
    assert isinstance(asked.exception, UsageError) or asked.exit_code == 2
    assert folder.exists()
    done = CliRunner().invoke(cli, ["drop", str(folder), "--yes"])
    assert done.exit_code == 0, done.output
    assert not folder.exists()


def test_a_folder_without_a_collection(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["drop", str(tmp_path), "--yes"])
    assert done.exit_code == 2
    assert tmp_path.exists()
