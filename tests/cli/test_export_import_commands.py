"""`lookalike export` and `lookalike import`."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

Run = Callable[..., Result]


@pytest.mark.parametrize("name", ["five.parquet", "five.npy", "five.h5"])
def test_out_and_in_again(
    run: Run, five: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    out = run("export", name, "-c", str(five))
    assert out.stdout == f"5 records written to {name}\n"
    report = json.loads(run("import", name, "-c", "copy", "--json").stdout)
    assert report["added"] == 5
    assert (
        "0 added, 0 updated, 5 unchanged; 5 pictures in copy"
        in run("import", name, "-c", "copy").stdout
    )
    there = json.loads(run("search", "--id", "1", "-c", str(five), "--json").stdout)
    here = json.loads(run("search", "--id", "1", "-c", "copy", "--json").stdout)
    assert here["hits"] == there["hits"]


def test_what_is_written_is_chosen(run: Run, five: Path, tmp_path: Path) -> None:
    target = tmp_path / "hashes.npy"
    chosen = ("--encoder", "phash", "--where", "id <= 2", "--json")
    out = json.loads(run("export", str(target), "-c", str(five), *chosen).stdout)
    assert out == {"file": str(target), "records": 2}
    nothing = ("--where", "id > 1000")
    assert "0 records" in run("export", str(target), "-c", str(five), *nothing, status=1).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["export", "a.csv"], "end in .parquet, .npy, .h5, .hdf5"),
        (["export", "missing/a.npy"], "there is no folder"),
        (["export", "a.npy", "--encoder", "none"], "has no encoder 'none'"),
        (["export", "a.npy", "-c", "nowhere"], "there is no collection at nowhere"),
        (["import", "missing.npy"], "there is no file missing.npy"),
        (["import", "text.parquet"], "is no Parquet file, or is damaged"),
        (["import", "text.h5"], "is no HDF5 file, or is damaged"),
        (["import", "text.npy"], "is not beside it"),
        (["import", "wrong.npy"], "row 0: id: 'one' is no integer"),
    ],
)
def test_wrong_use(
    run: Run,
    five: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for ending in ("parquet", "h5", "npy"):
        Path(f"text.{ending}").write_text("no embeddings")
    np.save("wrong.npy", np.ones((1, 4)))
    Path("wrong.jsonl").write_text('{"id": "one"}')
    collection = [] if "-c" in arguments else ["-c", str(five) if "export" in arguments else "new"]
    assert says in run(*arguments, *collection, status=2).stderr
    assert not Path("new").exists()


@pytest.mark.parametrize(
    ("name", "module", "extra"), [("a.parquet", "pyarrow", "parquet"), ("a.h5", "h5py", "hdf5")]
)
def test_a_missing_package_is_named(
    run: Run,
    five: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    module: str,
    extra: str,
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, f"lookalike.embeddings.{extra}", raising=False)
    result = run("export", str(tmp_path / name), "-c", str(five), status=2)
    assert f"pip install 'lookalike[{extra}]'" in result.stderr
