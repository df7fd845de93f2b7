"""`lookalike search --group-by`: the best hits of each value."""

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Run = Callable[..., Result]


def test_one_hit_of_each_value(run: Run, indexed_once: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    options = ["-c", str(indexed_once), "--encoder", "mobilenet-v3-large", "--html", str(page)]
    result = run("search", "--id", "1", "--group-by", "width", "-n", "4", "--json", *options)
    answer = json.loads(result.stdout)
    assert answer["group_by"] == "width"
    groups = [hit["group"] for hit in answer["hits"]]
    assert len(groups) == len(set(groups)) == 4
    assert f"width: {groups[0]}" in page.read_text()


def test_several_hits_of_each_value_in_a_table(run: Run, indexed_once: Path) -> None:
    options = ["-c", str(indexed_once), "--encoder", "mobilenet-v3-large"]
    result = run("search", "--id", "1", "--group-by", "format", "--group-size", "3", *options)
    lines = result.stdout.splitlines()
    assert "format" in lines[0].split()
    assert sum(" jpeg " in line for line in lines) == 3


def test_a_field_that_no_hit_has_is_told(run: Run, indexed_once: Path) -> None:
    options = ["-c", str(indexed_once), "--encoder", "mobilenet-v3-large", "-n", "3"]
    result = run("search", "--id", "1", "--group-by", "colour", *options)
    assert "no hit has a value of colour" in result.stderr


def test_what_is_no_field_is_refused(run: Run, indexed_once: Path) -> None:
    at = ["-c", str(indexed_once)]
    result = run("search", "--id", "1", "--group-by", "a or b", *at, status=2)
    assert "grouped by one field" in result.stderr
    sized = ["--group-by", "a", "--group-size", "0"]
    result = run("search", "--id", "1", *sized, *at, status=2)
    assert "1 to 1,000" in result.stderr
    result = run("search", "--id", "1", "--group-size", "2", *at, status=2)
    assert "without a field" in result.stderr
