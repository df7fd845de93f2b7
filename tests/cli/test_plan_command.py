import json
from collections.abc import Callable

import pytest
from click.testing import Result

Run = Callable[..., Result]


def test_a_plan_is_shown(run: Run) -> None:
    said = run(
        "plan", "--pictures", "1e9", "--encoder", "clip-vit-b-16,phash", "--qps", "1k"
    ).stdout
    assert "1,000,000,000 pictures × 512 dimensions × 4 bytes" in said
    assert "2.05 TB" in said
    assert "DISKANN" in said
    assert "→ Milvus" in said


def test_json_has_every_formula(run: Run) -> None:
    plan = json.loads(run("plan", "--pictures", "100M", "--json").stdout)
    assert plan["store"] == "milvus"
    keys = {"section", "name", "index", "value", "unit", "readable", "formula", "source"}
    assert all(set(line) == keys for line in plan["lines"])
    assert plan["index"] in {line["index"] for line in plan["lines"]}
    assert plan["advice"]


def test_a_laptop(run: Run) -> None:
    said = run("plan", "--pictures", "250k").stdout
    assert "catalogue" in said
    assert "→ The local store does" in said


@pytest.mark.parametrize(
    "arguments",
    [
        ("--pictures", "many"),
        ("--pictures", "1e6", "--encoder", "no-such"),
        ("--pictures", "1e6", "--index", "NONE"),
        ("--pictures", "1e6", "--recall", "2"),
        ("--pictures", "1e6", "--store", "elsewhere"),
        ("--pictures", "1e6", "--tenants", "-1"),
        ("--encoder", "phash"),
        (),
    ],
)
def test_wrong_use(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("plan", *arguments, status=2).stderr
