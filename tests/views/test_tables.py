"""Tables, as a person's terminal and as a pipe get them."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from lookalike.records import Record
from lookalike.results import Results
from lookalike.views import table


def drawn(made: Table, width: int = 120) -> str:
    console = Console(width=width, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(made)
    return capture.get()


@pytest.mark.parametrize("terminal", [True, False])
def test_hits(
    answer: Callable[..., Results], terminal: bool, monkeypatch: pytest.MonkeyPatch, photos: Path
) -> None:
    monkeypatch.chdir(photos)
    results = answer(3, attributes={"colour": "[red]", "n": 1})
    text = drawn(table.hits(results, terminal=terminal, first=11), 300)
    assert "13" in text
    assert "0.950" in text
    assert "colour=[red]  n=1" in text
    assert (str(photos) in text) is not terminal
    plain = drawn(table.hits(answer(3), terminal=terminal), 300)
    assert "attributes" not in plain


def test_long_paths_are_folded_not_cut(answer: Callable[..., Results]) -> None:
    uri = "/a/" + "long-name/" * 20 + "cat.jpg"
    text = drawn(table.hits(answer([uri]), terminal=True), 80)
    assert "…" not in text
    assert "cat.jpg" in text.replace("\n", "").replace(" ", "")


def test_records() -> None:
    row = Record(7, "/a.jpg", width=640, height=480, size=2048, format="jpeg")
    text = drawn(table.records([row], terminal=False))
    assert "640 × 480" in text
    assert "2.0 KiB" in text
    assert "tenant" not in text
    bare = dataclasses.replace(row, width=None, height=None, size=None, format=None, tenant="ann")
    text = drawn(table.records([bare], terminal=False))
    assert "ann" in text
    assert "None" not in text
    assert "id" not in drawn(table.records([row], terminal=False, header=False))


def test_hostile_reasons_stay_on_their_line() -> None:
    text = drawn(table.failures([("/a\n.jpg", "broken \x1b[31m[bold]")], terminal=False))
    assert "/a\\n.jpg" in text
    assert "broken \\x1b[31m[bold]" in text


def test_where_in_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    assert table.where(str(gone / "a.jpg"), short=True) == "a.jpg"
    assert table.where(str(gone / "a.jpg"), short=False) == str(gone / "a.jpg")
    assert table.where("/elsewhere/a.jpg", short=True) == "/elsewhere/a.jpg"
    gone.rmdir()
    assert table.where("/elsewhere/a.jpg", short=True) == "/elsewhere/a.jpg"


def test_numbers_are_never_cut_and_names_keep_room() -> None:
    name = "mobilenet-v3-large, projected"
    row = ("→", name, "12.3 ms", "1.4 ms", "123.4 MiB", "1,024 bytes", "164.2 MiB")
    columns = ("", "encoder", "one", "batch", "memory", "vector", "download")
    made = table.measurements(columns, [row], terminal=True, words=2)
    least = table.least_width(made)
    assert 60 < least <= 80
    text = drawn(made, least)
    assert "…" not in text
    for cell in (*row[2:], *columns, "mobilenet-v3"):
        assert cell in text


@pytest.mark.parametrize("width", [75, 79, 89, 106, 115])
def test_models_fit_or_are_left_out(width: int) -> None:
    row = ("m" * 18, "2,048 dimensions", "0.56", "89.6 MiB", "to download", "yours to bring",
           "BSD-3-Clause", "lookalike")  # fmt: skip
    made = table.models([row], terminal=True, width=width)
    assert table.least_width(made) <= width
    lines = drawn(made, width).splitlines()
    assert "…" not in "".join(lines)
    shown = [cell for cell in row if any(cell in line for line in lines)]
    assert shown == list(row[: len(made.columns)])
    assert table.models([row], terminal=True, width=60).columns[-1].header == "weights"
