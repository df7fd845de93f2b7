"""The file of decisions that the page saves."""

import json
from pathlib import Path
from typing import Any

import pytest

from lookalike.collection import Collection
from lookalike.errors import UsageError


def written(path: Path, *decisions: Any, **head: Any) -> Path:
    value = {"format": "lookalike decisions", "version": 1, "decisions": decisions, **head}
    path.write_text(json.dumps(value))
    return path


def pair(collection: Collection, kind: str, first: int, second: int) -> dict[str, Any]:
    uris = [record.uri for id_ in (first, second) if (record := collection.get(id_))]
    return dict(
        zip(
            ("kind", "first", "second", "first_uri", "second_uri"),
            (kind, first, second, *uris),
            strict=True,
        )
    )


def test_decisions_of_a_file_are_remembered(
    copied: Collection, id_of: dict[str, int], tmp_path: Path
) -> None:
    a, b, c = id_of["raccoon.jpg"], id_of["raccoon (1).jpg"], id_of["small.jpg"]
    path = written(tmp_path / "d.json", pair(copied, "keep", a, b), pair(copied, "different", c, a))
    assert copied.decide_by_file(path) == (2, [])
    kept = {(one.kind, one.first, one.second) for one in copied.decisions()}
    assert kept == {("keep", min(a, b), max(a, b)), ("different", min(a, c), max(a, c))}
    assert copied.undo_decisions() == 2


def test_a_page_of_another_collection_decides_nothing(
    copied: Collection, id_of: dict[str, int], tmp_path: Path
) -> None:
    a, b = id_of["raccoon.jpg"], id_of["otters.jpg"]
    other = {**pair(copied, "ignore", a, b), "second_uri": "/elsewhere/x.jpg"}
    gone = {**pair(copied, "ignore", a, b), "second": 999_999}
    pairs, left_out = copied.decide_by_file(written(tmp_path / "d.json", other, gone))
    assert pairs == 0
    assert left_out == [
        f"decision 1: record {b} is another picture than the page showed",
        "decision 2: record 999999 is not there",
    ]


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"format": "other"}', '{"format": "lookalike decisions"}', "[" * 200_000],
)
def test_other_files_are_refused(copied: Collection, tmp_path: Path, text: str) -> None:
    path = tmp_path / "d.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="not a file of decisions"):
        copied.decide_by_file(path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "delete", "first": 1, "second": 2},
        {"kind": "keep", "first": 1, "second": 1},
        {"kind": "keep", "first": "1", "second": 2},
        {"kind": ["keep"], "first": 1, "second": 2},
        {"kind": "keep", "first": -1, "second": 2},
        {"kind": "keep", "first": 1, "second": 2**63},
        {"kind": "keep", "first": True, "second": 2},
    ],
)
def test_wrong_decisions_are_refused(copied: Collection, tmp_path: Path, wrong: Any) -> None:
    with pytest.raises(UsageError, match="decision 1 is not one"):
        copied.decide_by_file(written(tmp_path / "d.json", wrong))
    assert not copied.decisions()
