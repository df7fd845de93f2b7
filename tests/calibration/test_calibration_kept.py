"""Answers kept between runs."""

import os
from pathlib import Path

from lookalike.calibration.kept import FILES, Kept, code


def test_answers_are_there_again_for_the_same_state_only(answers: Path) -> None:
    kept = Kept({"seed": 1})
    assert kept.get("1 mirror") is None
    kept.put("1 mirror", [[3, 0.5]])
    assert Kept({"seed": 1}).get("1 mirror") == [[3, 0.5]]
    assert Kept({"seed": 2}).get("1 mirror") is None
    assert kept.path.parent == answers


def test_a_line_cut_off_by_a_kill_costs_that_answer_only(tmp_path: Path) -> None:
    kept = Kept({}, tmp_path)
    kept.put("a", 1)
    kept.put("b", 2)
    data = kept.path.read_bytes()
    kept.path.write_bytes(data[:-3])
    again = Kept({}, tmp_path)
    assert (again.get("a"), again.get("b")) == (1, None)
    again.put("b", 2)
    assert Kept({}, tmp_path).get("b") == 2


def test_old_files_make_room(tmp_path: Path) -> None:
    for number in range(FILES + 3):
        kept = Kept({"n": number}, tmp_path)
        kept.put("a", number)
        os.utime(kept.path, (number, number))
    assert len(list(tmp_path.glob("*.jsonl"))) == FILES
    assert Kept({"n": FILES + 2}, tmp_path).get("a") == FILES + 2
    assert Kept({"n": 0}, tmp_path).get("a") is None


def test_where_nothing_can_be_written_answers_are_kept_for_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = Kept({}, tmp_path / "file")
    kept.put("a", 1)
    assert kept.get("a") == 1


def test_the_code_has_one_digest() -> None:
    assert code() == code()
    assert len(code()) == 16
