"""Moving and linking the files of duplicates: nothing is lost, wherever it is cut short."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lookalike.collection import Collection
from lookalike.duplicates.moving import Moves, carry, files, journal
from lookalike.errors import UsageError

NOTHING = Moves((), ())


class Killed(BaseException):
    """The process dies here."""


def contents(root: Path) -> dict[str, str]:
    """The digest of each file below a folder that is no link."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink() and "c.lookalike" not in path.parts
    }


def consistent(collection: Collection) -> None:
    """Every record's file is where the record says, and is the one that was indexed."""
    for record in collection.list():
        path = Path(record.uri)
        assert path.is_file()
        assert (path.stat().st_size, path.stat().st_mtime_ns) == (record.size, record.modified_ns)
        assert hashlib.sha256(path.read_bytes()).digest() == record.sha256


def test_planning_touches_nothing(copied: Collection, pictures: Path) -> None:
    before = contents(pictures.parent)
    moves = copied.plan_moves(copied.duplicates(), pictures.parent / "away", below=pictures)
    assert sorted(Path(step.target).relative_to(pictures.parent) for step in moves.steps) == [
        Path("away/phone/2019/small.jpg"),
        Path("away/phone/otters copy.jpg"),
        Path("away/phone/raccoon (1).jpg"),
    ]
    assert moves.bytes == copied.duplicates().spare_bytes
    assert not moves.refused
    assert contents(pictures.parent) == before


@pytest.mark.parametrize("link", [None, "hard", "symbolic"])
def test_files_move_records_follow_and_all_comes_back(
    copied: Collection, pictures: Path, link: Any
) -> None:
    before, ids = contents(pictures.parent), {one.id: one.uri for one in copied.list()}
    away = pictures.parent / "away"
    done = copied.move_duplicates(copied.plan_moves(copied.duplicates(), away, link=link))
    assert (done.files, done.failed) == (3, ())
    consistent(copied)
    moved = [record for record in copied.list() if str(away) in record.uri]
    assert len(moved) == 3
    for record in moved:
        assert record.uri == str(away) + ids[record.id]
        old = Path(ids[record.id])
        assert os.path.lexists(old) == (link is not None)
        assert old.is_symlink() == (link == "symbolic")
    assert not copied.add(pictures.parent / "away").failed
    assert len(copied) == 7
    assert done.journal is not None
    back = copied.undo_moves(done.journal)
    assert (back.files, back.failed) == (3, ())
    assert contents(pictures.parent) == before
    assert {one.id: one.uri for one in copied.list()} == ids
    consistent(copied)
    assert copied.undo_moves(done.journal).files == 0


@pytest.mark.parametrize("link", ["hard", "symbolic"])
def test_files_of_the_same_bytes_become_links(
    copied: Collection, pictures: Path, link: Any
) -> None:
    before = contents(pictures.parent)
    moves = copied.plan_moves(copied.duplicates(), link=link)
    assert [Path(uri).name for uri, _ in moves.refused] == ["small.jpg"]
    assert "a link would lose them" in moves.refused[0][1]
    done = copied.move_duplicates(moves)
    assert (done.files, done.failed) == (2, ())
    copy = pictures / "phone" / "raccoon (1).jpg"
    assert copy.samefile(pictures / "raccoon.jpg")
    assert copy.is_symlink() == (link == "symbolic")
    consistent(copied)
    assert not [group for group in copied.duplicates() if "otters" in group.best.uri]
    assert done.journal is not None
    assert copied.undo_moves(done.journal).files == 2
    assert contents(pictures.parent) == before
    assert not copy.samefile(pictures / "raccoon.jpg")
    consistent(copied)


def test_links_lead_to_the_same_bytes_where_the_best_has_others(
    copied: Collection, pictures: Path
) -> None:
    shutil.copy(pictures / "phone" / "2019" / "small.jpg", pictures / "phone" / "tiny.jpg")
    copied.add(pictures / "phone")
    moves = copied.plan_moves(copied.duplicates(), link="hard")
    assert not moves.refused
    (step,) = [step for step in moves.steps if "/tiny" in step.source or "/small" in step.source]
    assert Path(step.best).name in {"tiny.jpg", "small.jpg"}
    assert not copied.move_duplicates(moves).failed
    assert (pictures / "phone" / "tiny.jpg").samefile(pictures / "phone" / "2019" / "small.jpg")

    assert copied.plan_moves(copied.duplicates(), link="hard") == NOTHING
    assert copied.plan_moves(copied.duplicates(), link="symbolic") == NOTHING


def test_ctrl_c_stops_after_what_is_done_and_the_next_run_goes_on(
    copied: Collection, pictures: Path
) -> None:
    before = contents(pictures.parent)
    away = pictures.parent / "away"

    def stop(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    done = copied.move_duplicates(copied.plan_moves(copied.duplicates(), away), progress=stop)
    assert (done.files, done.interrupted) == (1, True)
    assert done.journal is not None
    consistent(copied)
    with pytest.MonkeyPatch.context() as patch:
        Counter(patch, at=4, after=True, error=KeyboardInterrupt)
        second = copied.move_duplicates(copied.plan_moves(copied.duplicates(), away))
    assert (second.files, second.interrupted) == (0, True)
    whys = refused(copied, away)
    assert len([why for why in whys.values() if "an interrupted run is not done" in why]) == 1
    third = copied.move_duplicates(copied.plan_moves(copied.duplicates(), away))
    assert (third.finished, third.files, third.failed) == (1, 1, ())
    assert second.journal is not None
    assert third.journal is not None
    # Several are undone at once, in whatever order they come.
    some = [done.journal, third.journal, second.journal]
    stopped = copied.undo_moves(some, progress=stop)
    assert (stopped.files, stopped.interrupted) == (1, True)
    back = copied.undo_moves(some)
    assert (back.files, back.failed, back.journal) == (2, (), None)
    assert contents(pictures.parent) == before


def test_all_journals_are_read_before_anything_is_undone(
    copied: Collection, pictures: Path, tmp_path: Path
) -> None:
    done = copied.move_duplicates(copied.plan_moves(copied.duplicates(), pictures.parent / "away"))
    (tmp_path / "0").write_text("hello\n")
    assert done.journal is not None
    with pytest.raises(UsageError, match="not a journal"):
        copied.undo_moves([done.journal, tmp_path / "0"])
    assert copied.undo_moves(done.journal).files == 3


def test_no_journal_is_left_where_nothing_moved(copied: Collection, pictures: Path) -> None:
    moves = copied.plan_moves(copied.duplicates(), pictures.parent / "away")
    for step in moves.steps:
        Path(step.source).write_bytes(b"other")
    done = copied.move_duplicates(moves)
    assert (done.files, len(done.failed), done.journal) == (0, 3, None)
    assert journal.journals(copied.path) == []


def test_nothing_is_moved_into_the_collection(copied: Collection, pictures: Path) -> None:
    link = pictures.parent / "link"
    link.symlink_to(copied.path)
    for folder in (copied.path, copied.path / "away", link / "away"):
        with pytest.raises(UsageError, match="collection's own folder"):
            copied.plan_moves(copied.duplicates(), folder)
    copied.plan_moves(copied.duplicates(), f"{copied.path}-away")


CALLS = ("link", "unlink", "replace", "symlink", "rename", "fsync", "mkdir")


class Counter:
    """Counts calls that change files, and dies at one of them, before or after it is done."""

    def __init__(
        self,
        patch: pytest.MonkeyPatch,
        at: int = -1,
        after: bool = False,
        error: type[BaseException] = Killed,
    ) -> None:
        self.count = 0
        self._error = error
        self._at, self._after = at, after
        for name in CALLS:
            patch.setattr(os, name, self._wrapped(getattr(os, name)))

    def _wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            self.count += 1
            here = self.count == self._at
            if here and not self._after:
                raise self._error
            result = call(*arguments, **named)
            if here:
                raise self._error
            return result

        return counted


LINK = os.link


def link_on_one_disk(source: Any, target: Any, **named: Any) -> None:
    """As if every folder was on a disk of its own."""
    if Path(source).parent != Path(target).parent:
        raise OSError(errno.EXDEV, "another disk")
    LINK(source, target, **named)


@pytest.mark.parametrize("link", ["", "symbolic", "hard"])
@pytest.mark.parametrize("to_folder", [True, False])
@pytest.mark.parametrize("other_disk", [True, False])
def test_nothing_is_lost_wherever_the_process_dies(
    copied: Collection, pictures: Path, link: Any, to_folder: bool, other_disk: bool
) -> None:
    if not (link or to_folder) or (other_disk and not to_folder) or (other_disk and link == "hard"):
        pytest.skip("there is no such move")
    root = pictures.parent
    before = set(contents(root).values())
    uris = {one.id: one.uri for one in copied.list()}
    away = root / "away" if to_folder else None
    moves = copied.plan_moves(copied.duplicates(), away, link=link or None, below=pictures)
    moves = Moves(moves.steps[:1], ())
    at, after, deaths = 0, True, 0
    while True:
        at, after = (at, True) if not after else (at + 1, False)
        with pytest.MonkeyPatch.context() as patch:
            if other_disk:
                patch.setattr(os, "link", link_on_one_disk)
            counter = Counter(patch, at, after)
            try:
                done = copied.move_duplicates(moves)
            except Killed:
                deaths += 1
                done = None
        assert set(contents(root).values()) >= before
        if counter.count < at:
            break
        # The next run finishes what this one began; then everything is brought back.
        finishing = copied.move_duplicates(NOTHING)
        assert not finishing.failed
        assert set(contents(root).values()) >= before
        consistent(copied)
        for path in journal.journals(copied.path):
            assert not copied.undo_moves(path).failed
            path.unlink()
        assert {one.id: one.uri for one in copied.list()} == uris
        assert not list(root.rglob(".lookalike-*"))
        consistent(copied)
    assert done is not None
    assert not done.failed
    assert deaths > 10


@pytest.mark.parametrize("link", [None, "symbolic", "hard"])
@pytest.mark.parametrize("to_folder", [True, False])
@pytest.mark.parametrize("other_disk", [True, False])
def test_an_undoing_that_dies_is_finished_by_the_next(
    copied: Collection, pictures: Path, link: Any, to_folder: bool, other_disk: bool
) -> None:
    if not (link or to_folder) or (other_disk and not to_folder) or (other_disk and link == "hard"):
        pytest.skip("there is no such move")
    root = pictures.parent
    before = contents(root)
    at, deaths = 0, 0
    while True:
        moves = copied.plan_moves(
            copied.duplicates(), root / "away" if to_folder else None, link=link
        )
        done = copied.move_duplicates(Moves(moves.steps[:1], ()))
        assert done.journal is not None
        at += 1
        with pytest.MonkeyPatch.context() as patch:
            if other_disk:
                patch.setattr(os, "link", link_on_one_disk)
            counter = Counter(patch, at, after=bool(at % 2))
            try:
                copied.undo_moves(done.journal)
            except Killed:
                deaths += 1
        assert set(contents(root).values()) >= set(before.values())
        # Another undoing finishes it, and so does the next run.
        finished = copied.undo_moves(done.journal) if at % 3 else copied.finish_moves()
        assert not finished.failed
        assert contents(root) == before
        assert not list(root.rglob(".lookalike-*"))
        consistent(copied)
        done.journal.unlink()
        if counter.count < at:
            break
    assert deaths > 5


def test_a_journal_cut_short_is_read_as_far_as_it_goes(copied: Collection, pictures: Path) -> None:
    moves = copied.plan_moves(copied.duplicates(), pictures.parent / "away")
    done = copied.move_duplicates(moves)
    assert done.journal is not None
    whole = done.journal.read_bytes()
    for length in range(0, len(whole), 97):
        done.journal.write_bytes(whole[:length])
        try:
            entries = journal.read(done.journal)
        except UsageError:
            assert length < whole.index(b"\n")
            continue
        assert len(entries) <= 3
    done.journal.write_bytes(b"")
    assert copied.move_duplicates(NOTHING).failed == ()


def refused(collection: Collection, folder: Path, **options: Any) -> dict[str, str]:
    moves = collection.plan_moves(collection.duplicates(), folder, **options)
    return {Path(uri).name: why for uri, why in moves.refused}


def test_files_that_changed_are_left_alone(copied: Collection, pictures: Path) -> None:
    away = pictures.parent / "away"
    (pictures / "phone" / "2019" / "small.jpg").write_bytes(b"other")
    (pictures / "phone" / "otters copy.jpg").unlink()
    whys = refused(copied, away)
    assert whys["small.jpg"] == "it has changed since it was indexed"
    assert whys["otters copy.jpg"] == "no such file or directory"


def test_a_change_that_keeps_size_and_time_is_found_by_the_digest(
    copied: Collection, pictures: Path
) -> None:
    moves = copied.plan_moves(copied.duplicates(), pictures.parent / "away")
    path = pictures / "phone" / "2019" / "small.jpg"
    facts, data = path.stat(), bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(facts.st_mtime_ns, facts.st_mtime_ns))
    done = copied.move_duplicates(moves)
    assert done.files == 2
    assert done.failed == ((str(path), f"{path} is not the file that was indexed"),)
    assert path.read_bytes() == data


def test_nothing_moves_when_the_one_to_keep_is_gone(copied: Collection, pictures: Path) -> None:
    moves = copied.plan_moves(copied.duplicates(), pictures.parent / "away")
    (pictures / "raccoon.jpg").unlink()
    done = copied.move_duplicates(moves)
    assert done.files == 1
    assert len(done.failed) == 2
    assert (pictures / "phone" / "raccoon (1).jpg").exists()
    whys = refused(copied, pictures.parent / "elsewhere")
    assert "cannot be relied on" in whys["small.jpg"]


def test_nothing_is_overwritten(copied: Collection, pictures: Path) -> None:
    away = pictures.parent / "away"
    target = away / "phone" / "2019" / "small.jpg"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"mine")
    assert "there is already something" in refused(copied, away, below=pictures)["small.jpg"]
    target.unlink()
    moves = copied.plan_moves(copied.duplicates(), away, below=pictures)
    target.write_bytes(b"mine")
    done = copied.move_duplicates(moves)
    assert done.files == 2
    assert target.read_bytes() == b"mine"


def test_a_symbolic_link_is_left_alone(copied: Collection, pictures: Path) -> None:
    small = pictures / "phone" / "2019" / "small.jpg"
    small.rename(pictures.parent / "real.jpg")
    small.symlink_to(pictures.parent / "real.jpg")
    assert refused(copied, pictures.parent / "away")["small.jpg"] == "it is a symbolic link"


def test_folders_that_are_links_lead_nowhere(copied: Collection, pictures: Path) -> None:
    away, outside = pictures.parent / "away", pictures.parent / "outside"
    away.mkdir()
    outside.mkdir()
    (away / "phone").symlink_to(outside)
    done = copied.move_duplicates(copied.plan_moves(copied.duplicates(), away, below=pictures))
    assert len(done.failed) == 3
    assert not list(outside.rglob("*.jpg"))


def test_paths_never_lead_out_of_the_folder(copied: Collection, pictures: Path) -> None:
    away = pictures.parent / "away"
    for below in (pictures, pictures / "phone" / "2019", Path("/"), pictures.parent / "x"):
        moves = copied.plan_moves(copied.duplicates(), away, below=below)
        assert len(moves.steps) == 3
        for step in moves.steps:
            assert step.target.startswith(f"{away}/")
            assert ".." not in Path(step.target).parts


def test_a_full_disk_is_a_line_and_leaves_nothing_behind(
    copied: Collection, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(pictures.parent)
    moves = copied.plan_moves(copied.duplicates(), pictures.parent / "away")

    def another_disk(*_: Any, **__: Any) -> None:
        raise OSError(errno.EXDEV, "another disk")

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", another_disk)
    monkeypatch.setattr(shutil, "copyfileobj", full)
    done = copied.move_duplicates(moves)
    assert done.files == 0
    assert {why for _, why in done.failed} == {"no space left on device"}
    assert contents(pictures.parent) == before


def test_a_read_only_folder_is_a_line_and_the_file_stays(
    copied: Collection, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(pictures.parent)
    moves = copied.plan_moves(copied.duplicates(), pictures.parent / "away")
    real = Path.unlink

    def denied(path: Path, **named: Any) -> None:
        if pictures in path.parents:
            raise OSError(errno.EROFS, "Read-only file system")
        real(path, **named)

    monkeypatch.setattr(Path, "unlink", denied)
    done = copied.move_duplicates(moves)
    assert {why for _, why in done.failed} == {"read-only file system"}
    assert contents(pictures.parent) == before
    assert {one.uri for one in copied.list()} == {str(p) for p in pictures.rglob("*.jpg")}


def test_a_copy_that_is_not_the_same_is_never_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "a"
    source.write_bytes(b"picture")
    monkeypatch.setattr(shutil, "copyfileobj", lambda old, new, length: new.write(b"pictore"))
    with pytest.raises(ValueError, match="not the same"):
        files._copy(source, tmp_path / "b", hashlib.sha256(b"picture").hexdigest())
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_was_moved_away_is_not_asked_about_again(copied: Collection, pictures: Path) -> None:
    away = pictures.parent / "away"
    done = copied.move_duplicates(copied.plan_moves(copied.duplicates(), away))
    # A shorter path would be better, but what was moved is never the one to keep.
    assert not copied.duplicates(prefer="path")
    groups = copied.duplicates(decided=True, prefer="path").groups
    assert {one.settled for group in groups for one in group.others} == {"moved"}
    assert {group.best.uri for group in groups} == {
        str(pictures / "otters.jpg"),
        str(pictures / "raccoon.jpg"),
    }
    assert {group.why for group in groups} == {"the others were moved away"}
    assert not copied.plan_moves(copied.duplicates(decided=True), away / "again").steps
    shutil.copy(pictures / "otters.jpg", pictures / "phone" / "otters (2).jpg")
    copied.add(pictures / "phone" / "otters (2).jpg")
    (group,) = copied.duplicates()
    assert [Path(one.record.uri).name for one in group.open] == ["otters (2).jpg"]
    assert done.journal is not None
    copied.undo_moves(done.journal)
    assert sum(len(group.open) for group in copied.duplicates()) == 4


def test_a_file_that_another_tenant_has_is_left_alone(copied: Collection, pictures: Path) -> None:
    shared = pictures / "phone" / "otters copy.jpg"
    copied.add(shared, tenant="ann")
    found = copied.duplicates(tenant="")
    for options in ({"folder": pictures.parent / "away"}, {"link": "hard"}):
        moves = copied.plan_moves(found, **options)  # type: ignore[arg-type]
        assert (str(shared), "another record needs the file, too") in moves.refused
        assert str(shared) not in {step.source for step in moves.steps}
        assert len(moves.steps) == len(found.groups[0].open) - (1 if "link" in options else 0)


def test_some_of_the_groups_can_be_moved(copied: Collection, pictures: Path) -> None:
    moves = copied.plan_moves(copied.duplicates()[1:], pictures.parent / "away")
    assert [Path(step.source).name for step in moves.steps] == ["otters copy.jpg"]


@pytest.mark.parametrize("text", ["one line", '{"format": "lookalike decisions"}', "["])
def test_a_file_that_is_no_journal_is_not_touched(
    copied: Collection, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "mine"
    path.write_text(text)
    with pytest.raises(UsageError, match="not a journal"):
        copied.undo_moves(path)
    assert path.read_text() == text


@pytest.mark.parametrize(
    "change",
    [
        {"number": "one"},
        {"number": [1]},
        {"state": "eaten"},
        {"step": 5},
        {"step": {"more": 1}},
        {"step": {"source": 5}},
        {"step": {"source": "here"}},
        {"step": {"size": "5"}},
        {"step": {"id": "5"}},
    ],
)
def test_a_damaged_journal_is_said_to_be_and_stops_no_search(
    copied: Collection, pictures: Path, change: dict[str, Any]
) -> None:
    done = copied.move_duplicates(copied.plan_moves(copied.duplicates(), pictures.parent / "away"))
    assert done.journal is not None
    head, first, *rest = done.journal.read_text().splitlines()
    line = json.loads(first)
    if isinstance(change.get("step"), dict):
        change = {"step": {**line["step"], **change["step"]}}
    done.journal.write_text("\n".join([head, json.dumps({**line, **change}), *rest]) + "\n")
    with pytest.raises(UsageError, match="is damaged: one of its lines is no step"):
        copied.undo_moves(done.journal)
    with pytest.raises(UsageError, match="elsewhere to go on"):
        copied.move_duplicates(NOTHING)
    assert len(copied.duplicates()) == 2


def test_a_journal_that_never_got_its_first_line_is_passed_over(copied: Collection) -> None:
    path = copied.path / "moves" / "20260101.jsonl"
    path.parent.mkdir()
    path.write_bytes(b'{"format": "look')
    assert copied.undo_moves(path).files == 0
    assert copied.move_duplicates(NOTHING).failed == ()
    assert path.read_bytes() == b'{"format": "look'


def test_wrong_use_is_refused(copied: Collection, pictures: Path, tmp_path: Path) -> None:
    found = copied.duplicates()
    with pytest.raises(UsageError, match="what shall be done"):
        copied.plan_moves(found)
    with pytest.raises(UsageError, match="hard or symbolic"):
        copied.plan_moves(found, link="soft")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="not a folder"):
        copied.plan_moves(found, pictures / "coral.jpg")
    (tmp_path / "j").write_text("hello\n")
    with pytest.raises(UsageError, match="not a journal"):
        copied.undo_moves(tmp_path / "j")


def test_records_that_are_no_files_are_left_alone(copied: Collection) -> None:
    import numpy as np

    copied.add_embeddings([101, 102], np.ones((2, 8)), encoder="mine")
    found = copied.duplicates(encoder="mine", threshold=0.9)
    moves = copied.plan_moves(found, "/nowhere")
    assert {"id:101", "id:102"} & {uri for uri, _ in moves.refused}


def test_carrying_out_twice_is_the_same_as_once(copied: Collection, pictures: Path) -> None:
    moves = copied.plan_moves(copied.duplicates(), pictures.parent / "away")
    for step in moves.steps:
        assert carry.carry_out(step) == carry.carry_out(step) == Path(step.target)
    for step in moves.steps:
        assert carry.undo(step) == carry.undo(step) == Path(step.source)
